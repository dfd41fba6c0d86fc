//! What bodies hold, said once: documents are made from it, and tests hold requests and answers against it.

use serde_json::{Map, Value, json};

/// What a value is.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// Anything.
    Any,
    /// Text.
    Text,
    /// Text of 1 to 256 bytes that people write.
    Line,
    /// A name that can stand in a subject.
    Name,
    /// A UUID.
    Id,
    /// A moment (RFC 3339, UTC).
    Time,
    /// A whole number from 0.
    Count,
    /// A number.
    Number,
    /// True or false.
    Flag,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// A list.
    List(&'static Shape),
    /// An object with names that are not known beforehand.
    Map(&'static Shape),
    /// An object with these fields.
    Object(Fields),
    /// A page of a list of these.
    Page(Paged),
    /// That, or null.
    Maybe(&'static Shape),
}

/// An object of a name.
#[derive(Clone, Copy, Debug)]
pub struct Fields {
    /// Its name in documents.
    pub name: &'static str,
    /// An object whose fields it has, too.
    pub of: Option<&'static Shape>,
    /// Its own fields.
    pub fields: &'static [Field],
}

/// A page of a list.
#[derive(Clone, Copy, Debug)]
pub struct Paged {
    /// Its name in documents.
    pub name: &'static str,
    /// What is listed.
    pub item: &'static Shape,
    /// What it says besides.
    pub more: &'static [Field],
}

/// A field of an object.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Whether it is always there.
    pub always: bool,
    /// What it is.
    pub shape: Shape,
}

/// A field that is always there.
pub(crate) const fn has(name: &'static str, shape: Shape) -> Field {
    Field { name, always: true, shape }
}

/// A field that may be left out.
pub(crate) const fn may(name: &'static str, shape: Shape) -> Field {
    Field { name, always: false, shape }
}

/// An object.
pub(crate) const fn object(name: &'static str, fields: &'static [Field]) -> Shape {
    Shape::Object(Fields { name, of: None, fields })
}

/// An object with the fields of another, and more.
pub(crate) const fn extended(
    name: &'static str,
    of: &'static Shape,
    fields: &'static [Field],
) -> Shape {
    Shape::Object(Fields { name, of: Some(of), fields })
}

/// A page of a list.
pub(crate) const fn page(
    name: &'static str,
    item: &'static Shape,
    more: &'static [Field],
) -> Shape {
    Shape::Page(Paged { name, item, more })
}

impl Shape {
    /// As JSON Schema (2020-12); objects of a name go to `named` and are referred to.
    #[must_use]
    pub fn schema(&self, closed: bool, named: &mut Map<String, Value>) -> Value {
        match self {
            Shape::Any => json!({}),
            Shape::Text => json!({ "type": "string" }),
            Shape::Line => {
                json!({ "type": "string", "minLength": 1, "maxLength": 256, "pattern": LINE })
            }
            Shape::Name => json!({ "type": "string", "minLength": 1, "maxLength": 64 }),
            Shape::Id => json!({ "type": "string", "format": "uuid" }),
            Shape::Time => json!({ "type": "string", "format": "date-time" }),
            Shape::Count => json!({ "type": "integer", "minimum": 0 }),
            Shape::Number => json!({ "type": "number" }),
            Shape::Flag => json!({ "type": "boolean" }),
            Shape::OneOf(texts) => json!({ "type": "string", "enum": texts }),
            Shape::List(item) => json!({ "type": "array", "items": item.schema(closed, named) }),
            Shape::Map(value) => {
                json!({ "type": "object", "additionalProperties": value.schema(closed, named) })
            }
            Shape::Object(object) => refer(object.name, &object.all(), closed, named),
            Shape::Page(paged) => refer(paged.name, &paged.fields(), closed, named),
            Shape::Maybe(shape) => {
                json!({ "anyOf": [shape.schema(closed, named), { "type": "null" }] })
            }
        }
    }

    /// Where `value` is not of this shape, or holds what the shape does not name.
    ///
    /// # Errors
    /// The path within the value, and what is wrong there.
    pub fn check(&self, value: &Value, path: &str) -> Result<(), String> {
        let wrong = || Err(format!("`{path}` is {value}, expected {self:?}"));
        match (self, value) {
            (Shape::Any, _)
            | (
                Shape::Text | Shape::Line | Shape::Name | Shape::Id | Shape::Time,
                Value::String(_),
            )
            | (Shape::Number, Value::Number(_))
            | (Shape::Flag, Value::Bool(_))
            | (Shape::Maybe(_), Value::Null) => Ok(()),
            (Shape::Count, Value::Number(number)) if number.is_u64() => Ok(()),
            (Shape::OneOf(texts), Value::String(text)) if texts.contains(&text.as_str()) => Ok(()),
            (Shape::Maybe(shape), value) => shape.check(value, path),
            (Shape::List(shape), Value::Array(items)) => {
                let mut items = items.iter().enumerate();
                items.try_for_each(|(index, item)| shape.check(item, &format!("{path}[{index}]")))
            }
            (Shape::Map(shape), Value::Object(map)) => {
                map.iter().try_for_each(|(name, item)| shape.check(item, &format!("{path}.{name}")))
            }
            (Shape::Object(object), Value::Object(map)) => {
                check(object.name, &object.all(), map, path)
            }
            (Shape::Page(paged), Value::Object(map)) => {
                check(paged.name, &paged.fields(), map, path)
            }
            _ => wrong(),
        }
    }
}

/// Printable text that is not only spaces.
const LINE: &str = r"^[^\u0000-\u001F\u007F-\u009F]*[^\s\u0000-\u001F\u007F-\u009F][^\u0000-\u001F\u007F-\u009F]*$";

impl Fields {
    /// Its fields, those of the object that it extends first.
    fn all(&self) -> Vec<Field> {
        let mut all = match self.of {
            Some(Shape::Object(object)) => object.all(),
            _ => Vec::new(),
        };
        all.extend(self.fields);
        all
    }
}

impl Paged {
    fn fields(&self) -> Vec<Field> {
        let mut fields = vec![
            has("as_of", Shape::Maybe(&Shape::Time)),
            may("omitted", Shape::Count),
            Field { name: "items", always: true, shape: Shape::List(self.item) },
        ];
        fields.extend(self.more);
        fields.push(has("next_cursor", Shape::Text));
        fields
    }
}

/// A reference to the object, which is written down if it was not yet.
fn refer(name: &str, fields: &[Field], closed: bool, named: &mut Map<String, Value>) -> Value {
    // What is taken knows no further fields, what is given may get some: two schemas.
    let name = if closed { format!("{name}Body") } else { name.to_owned() };
    if !named.contains_key(&name) {
        // A name before its fields: a shape may hold itself.
        named.insert(name.clone(), Value::Null);
        let schema = schema(fields, closed, named);
        named.insert(name.clone(), schema);
    }
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn schema(fields: &[Field], closed: bool, named: &mut Map<String, Value>) -> Value {
    let properties: Map<String, Value> = fields
        .iter()
        .map(|field| (field.name.to_owned(), field.shape.schema(closed, named)))
        .collect();
    let required: Vec<&str> =
        fields.iter().filter(|field| field.always).map(|field| field.name).collect();
    let mut schema = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    if closed {
        schema["additionalProperties"] = false.into();
    }
    schema
}

fn check(name: &str, fields: &[Field], map: &Map<String, Value>, path: &str) -> Result<(), String> {
    for field in fields {
        match map.get(field.name) {
            Some(value) => field.shape.check(value, &format!("{path}.{}", field.name))?,
            None if field.always => return Err(format!("`{path}.{}` is missing", field.name)),
            None => {}
        }
    }
    let known = |name: &String| fields.iter().any(|field| field.name == name);
    match map.keys().find(|name| !known(name)) {
        Some(unknown) => Err(format!("`{path}.{unknown}` is not documented in `{name}`")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ITEM: Shape =
        object("Item", &[has("id", Shape::Name), may("of", Shape::Maybe(&Shape::Count))]);
    const LIST: Shape = Shape::List(&ITEM);

    #[test]
    fn a_value_is_of_its_shape_or_the_place_is_named_where_it_is_not() {
        let check = |value: Value| LIST.check(&value, "it");
        assert_eq!(
            check(json!([{ "id": "a", "of": 1 }, { "id": "b", "of": null }, { "id": "c" }])),
            Ok(())
        );
        for (value, place) in [
            (json!({}), "`it`"),
            (json!([{}]), "`it[0].id`"),
            (json!([{ "id": 1 }]), "`it[0].id`"),
            (json!([{ "id": "a", "of": -1 }]), "`it[0].of`"),
            (json!([{ "id": "a", "more": 1 }]), "`it[0].more`"),
        ] {
            let error = check(value).unwrap_err();
            assert!(error.starts_with(place), "{error}");
        }
    }

    #[test]
    fn an_object_is_written_once_and_referred_to() {
        let mut named = Map::new();
        let schema = LIST.schema(true, &mut named);
        assert_eq!(schema["items"]["$ref"], "#/components/schemas/ItemBody");
        assert_eq!(named["ItemBody"]["required"], json!(["id"]));
        assert_eq!(named["ItemBody"]["additionalProperties"], false);
    }
}
