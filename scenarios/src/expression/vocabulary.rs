//! The words that an expression may use: fields, measures and functions.

/// What kind of value something has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Known only when it is looked at.
    Any,
    /// `null`.
    Nothing,
    /// True or false.
    Flag,
    /// A number.
    Number,
    /// A text.
    Text,
    /// A list.
    List,
    /// Fields with names.
    Map,
    /// A condition over each item of a list.
    Each,
}

impl Type {
    /// For people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Type::Any => "anything",
            Type::Nothing => "null",
            Type::Flag => "true or false",
            Type::Number => "a number",
            Type::Text => "a text",
            Type::List => "a list",
            Type::Map => "a group of fields",
            Type::Each => "a condition over each item",
        }
    }
}

/// A function, or a measure of the log that takes arguments.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// What it gives, for people.
    pub about: &'static str,
    /// What it takes: in order, or by name where `named`.
    pub parameters: &'static [(&'static str, Type)],
    /// Whether its arguments are named, and each may be left out.
    pub named: bool,
    /// What kind of value it gives.
    pub gives: Type,
}

/// The words of one kind of expression.
#[derive(Clone, Copy, Debug)]
pub struct Vocabulary {
    /// Names with dots, their kinds and what they are; `None`: whatever fields the event has.
    pub measures: Option<&'static [(&'static str, Type, &'static str)]>,
    /// Functions besides those that every expression has.
    pub functions: &'static [Function],
}

/// Words of `where` and `save`: the fields of the event that is looked at.
pub const EVENT: Vocabulary = Vocabulary { measures: None, functions: &[] };

impl Vocabulary {
    /// The function called `name`.
    #[must_use]
    pub fn function(&self, name: &str) -> Option<&Function> {
        self.functions().find(|function| function.name == name)
    }

    /// All functions.
    pub fn functions(&self) -> impl Iterator<Item = &Function> {
        super::functions::FUNCTIONS.iter().chain(self.functions)
    }
}
