//! A reader that gives whatever is asked for, and writes down what it was.

use super::Plan;
use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor, value::Error,
};
use serde::forward_to_deserialize_any;
use std::collections::BTreeMap;

/// What a type asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Asked {
    #[default]
    Anything,
    Nothing,
    Flag,
    Number,
    Whole {
        from_zero: bool,
    },
    Text,
    Maybe(Box<Asked>),
    List(Box<Asked>),
    Tuple(Vec<Asked>),
    Map(Box<Asked>),
    Object(BTreeMap<String, Asked>),
    /// Variants by name, with what those ask for that hold something.
    OneOf(BTreeMap<String, Option<Asked>>),
}

impl Asked {
    /// What two readings asked for, which chose other variants.
    pub(super) fn and(self, other: Self) -> Self {
        use Asked::{Anything, List, Map, Maybe, Object, OneOf, Tuple};
        match (self, other) {
            (Anything, known) | (known, Anything) => known,
            (Maybe(one), Maybe(other)) => Maybe(Box::new(one.and(*other))),
            (List(one), List(other)) => List(Box::new(one.and(*other))),
            (Map(one), Map(other)) => Map(Box::new(one.and(*other))),
            (Tuple(one), Tuple(other)) => {
                Tuple(one.into_iter().zip(other).map(|(one, other)| one.and(other)).collect())
            }
            (Object(mut one), Object(other)) => {
                for (name, asked) in other {
                    let known = one.remove(&name).unwrap_or_default();
                    one.insert(name, known.and(asked));
                }
                Object(one)
            }
            (OneOf(mut one), OneOf(other)) => {
                for (name, asked) in other {
                    let both = match (one.remove(&name).flatten(), asked) {
                        (Some(known), Some(asked)) => Some(known.and(asked)),
                        (known, asked) => known.or(asked),
                    };
                    one.insert(name, both);
                }
                OneOf(one)
            }
            (known, _) => known,
        }
    }
}

/// What one reading has shown.
#[derive(Debug, Default)]
pub(super) struct Trace {
    pub(super) asked: Asked,
    /// Paths of fields.
    pub(super) fields: Vec<String>,
    /// Where a text was given last.
    pub(super) last_text: Option<String>,
    /// Variants of the choice that has most.
    pub(super) variants_max: usize,
    /// How many choices lie within each other.
    pub(super) choices_deep: u32,
}

impl Trace {
    /// A reader of the whole.
    pub(super) fn reader<'t>(&'t mut self, plan: &'t Plan, round: usize) -> Reader<'t> {
        let Self { asked, fields, last_text, variants_max, choices_deep } = self;
        let notes = Notes { fields, last_text, variants_max, choices_deep };
        Reader { plan, round, path: String::new(), asked, notes }
    }
}

/// What is noted wherever in the type it is.
struct Notes<'t> {
    fields: &'t mut Vec<String>,
    last_text: &'t mut Option<String>,
    variants_max: &'t mut usize,
    choices_deep: &'t mut u32,
}

impl Notes<'_> {
    fn again(&mut self) -> Notes<'_> {
        let Notes { fields, last_text, variants_max, choices_deep } = self;
        Notes { fields, last_text, variants_max, choices_deep }
    }
}

/// Gives what is asked for at one place.
pub(super) struct Reader<'t> {
    plan: &'t Plan,
    /// Which variants are given.
    round: usize,
    path: String,
    asked: &'t mut Asked,
    notes: Notes<'t>,
}

impl Reader<'_> {
    /// A reader of a part, called `step` behind this one's path.
    fn part<'p>(&'p mut self, step: &str, asked: &'p mut Asked) -> Reader<'p> {
        let path = format!("{}{step}", self.path);
        Reader { plan: self.plan, round: self.round, path, asked, notes: self.notes.again() }
    }

    fn text(&mut self) -> &'static str {
        *self.asked = Asked::Text;
        *self.notes.last_text = Some(self.path.clone());
        self.plan.text(&self.path)
    }
}

macro_rules! numbers {
    ($($ask:ident $give:ident $value:expr, $asked:expr;)*) => {
        $(fn $ask<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            *self.asked = $asked;
            visitor.$give($value)
        })*
    };
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = Error;

    numbers! {
        deserialize_bool visit_bool false, Asked::Flag;
        deserialize_i8 visit_i8 0, Asked::Whole { from_zero: false };
        deserialize_i16 visit_i16 0, Asked::Whole { from_zero: false };
        deserialize_i32 visit_i32 0, Asked::Whole { from_zero: false };
        deserialize_i64 visit_i64 0, Asked::Whole { from_zero: false };
        deserialize_u8 visit_u8 1, Asked::Whole { from_zero: true };
        deserialize_u16 visit_u16 1, Asked::Whole { from_zero: true };
        deserialize_u32 visit_u32 1, Asked::Whole { from_zero: true };
        deserialize_u64 visit_u64 1, Asked::Whole { from_zero: true };
        deserialize_f32 visit_f32 0.5, Asked::Number;
        deserialize_f64 visit_f64 0.5, Asked::Number;
    }

    /// It takes whatever comes: nothing is known of it.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_borrowed_str("text")
    }

    fn deserialize_str<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_borrowed_str(self.text())
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
        let mut some = Asked::default();
        let given = visitor.visit_some(self.part("", &mut some));
        *self.asked = Asked::Maybe(Box::new(some));
        given
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        *self.asked = Asked::Nothing;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
        let mut item = Asked::default();
        let given = visitor.visit_seq(Items { of: &mut self, item: &mut item, left: 1 });
        *self.asked = Asked::List(Box::new(item));
        given
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        mut self,
        count: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        let mut items = Vec::new();
        let given = visitor.visit_seq(Places { of: &mut self, items: &mut items, count });
        *self.asked = Asked::Tuple(items);
        given
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        count: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_tuple(count, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
        let mut value = Asked::default();
        let given = visitor.visit_map(Pair { of: &mut self, value: &mut value, left: 1 });
        *self.asked = Asked::Map(Box::new(value));
        given
    }

    fn deserialize_struct<V: Visitor<'de>>(
        mut self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let mut fields = BTreeMap::new();
        let given =
            visitor.visit_map(Fields { of: &mut self, names, fields: &mut fields, at: None });
        *self.asked = Asked::Object(fields);
        given
    }

    fn deserialize_enum<V: Visitor<'de>>(
        mut self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        *self.notes.variants_max = names.len().max(*self.notes.variants_max);
        let deep = 1 + u32::try_from(self.path.matches('<').count()).unwrap_or(u32::MAX - 1);
        *self.notes.choices_deep = deep.max(*self.notes.choices_deep);
        let mut held = None;
        let variant = self.plan.variant(self.round, &self.path);
        let Some(name) = names.get(variant).or(names.last()).copied() else {
            return Err(Error::custom("there is no variant"));
        };
        let given = visitor.visit_enum(Choice { of: &mut self, name, held: &mut held });
        *self.asked = Asked::OneOf([(name.to_owned(), held)].into());
        given
    }

    forward_to_deserialize_any! { i128 u128 char bytes byte_buf identifier ignored_any }
}

/// The one item of a list.
struct Items<'i, 't> {
    of: &'i mut Reader<'t>,
    item: &'i mut Asked,
    left: usize,
}

impl<'de> SeqAccess<'de> for Items<'_, '_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        seed.deserialize(self.of.part("[]", self.item)).map(Some)
    }
}

/// The items of a tuple.
struct Places<'i, 't> {
    of: &'i mut Reader<'t>,
    items: &'i mut Vec<Asked>,
    count: usize,
}

impl<'de> SeqAccess<'de> for Places<'_, '_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        if self.items.len() == self.count {
            return Ok(None);
        }
        let step = format!("[{}]", self.items.len());
        let mut item = Asked::default();
        let given = seed.deserialize(self.of.part(&step, &mut item));
        self.items.push(item);
        given.map(Some)
    }
}

/// The one entry of a map.
struct Pair<'i, 't> {
    of: &'i mut Reader<'t>,
    value: &'i mut Asked,
    left: usize,
}

impl<'de> MapAccess<'de> for Pair<'_, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        let mut key = Asked::default();
        seed.deserialize(self.of.part("{key}", &mut key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(self.of.part("{}", self.value))
    }
}

/// The fields of a struct, but for one that may be left out.
struct Fields<'i, 't> {
    of: &'i mut Reader<'t>,
    names: &'static [&'static str],
    fields: &'i mut BTreeMap<String, Asked>,
    at: Option<&'static str>,
}

impl<'de> MapAccess<'de> for Fields<'_, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let left_out = self.of.plan.left_out.as_deref();
        loop {
            let Some((name, rest)) = self.names.split_first() else { return Ok(None) };
            self.names = rest;
            let path = format!("{}.{name}", self.of.path);
            let is_left_out = left_out == Some(path.as_str());
            self.of.notes.fields.push(path);
            if !is_left_out {
                self.at = Some(*name);
                let key: StrDeserializer<'_, Error> = (*name).into_deserializer();
                return seed.deserialize(key).map(Some);
            }
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let name = self.at.take().ok_or_else(|| Error::custom("a value before its name"))?;
        let mut asked = Asked::default();
        let given = seed.deserialize(self.of.part(&format!(".{name}"), &mut asked));
        self.fields.insert(name.to_owned(), asked);
        given
    }
}

/// One variant of a choice.
struct Choice<'i, 't> {
    of: &'i mut Reader<'t>,
    name: &'static str,
    held: &'i mut Option<Asked>,
}

impl Choice<'_, '_> {
    /// A reader of what the variant holds.
    fn value(&mut self) -> Reader<'_> {
        let step = format!("<{}>", self.name);
        self.of.part(&step, self.held.insert(Asked::default()))
    }
}

impl<'de> EnumAccess<'de> for Choice<'_, '_> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        let name: StrDeserializer<'_, Error> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Choice<'_, '_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(mut self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self.value())
    }

    fn tuple_variant<V: Visitor<'de>>(
        mut self,
        count: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.value().deserialize_tuple(count, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        mut self,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.value().deserialize_struct("", names, visitor)
    }
}
