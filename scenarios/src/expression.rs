//! The tiny language of conditions: `component == 'brake' && probability >= 0.7`.
//!
//! Total: every text is read or refused at a place, every evaluation ends with a value or with words.
//! [`parse`](Expression::parse) reads, [`vocabulary`] says which words there are, `evaluate` computes.

mod check;
mod evaluate;
mod functions;
mod lexer;
mod parser;
pub mod vocabulary;

pub use evaluate::{EvalError, Part, Scope, Verdict};

use crate::language::template::Template;
use serde_json::Value;
use vocabulary::Vocabulary;

/// Longest expression, in characters.
pub const EXPRESSION_CHARS_MAX: usize = 2_000;
/// Most parts of one expression.
pub const EXPRESSION_NODES_MAX: usize = 400;
/// Deepest nesting of brackets and signs.
pub const EXPRESSION_DEPTH_MAX: usize = 32;

/// An expression that was read and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    text: String,
    root: Expr,
}

/// What is wrong with an expression, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// Characters before it.
    pub offset: usize,
    /// Its characters, at least 1.
    pub width: usize,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub remedy: Option<String>,
}

/// A part of an expression and where it stands, in characters.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Expr {
    pub(crate) offset: usize,
    pub(crate) width: usize,
    pub(crate) kind: Kind,
}

/// What a part is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Literal(Value),
    /// A text with `${name}` in it.
    Filled(Template),
    /// `${name}` by itself: the saved value.
    Saved(String),
    /// A field of what is looked at.
    Field(String),
    Member(Box<Expr>, String),
    Index(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Negative(Box<Expr>),
    Binary(Operator, Box<Expr>, Box<Expr>),
    Call(String, Vec<Argument>),
}

/// One argument of a call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Argument {
    pub(crate) name: Option<String>,
    pub(crate) value: Expr,
}

/// What joins two parts, by binding strength.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Or,
    And,
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
}

impl Operator {
    pub(crate) const fn sign(self) -> &'static str {
        match self {
            Operator::Or => "||",
            Operator::And => "&&",
            Operator::Equal => "==",
            Operator::Unequal => "!=",
            Operator::Less => "<",
            Operator::LessOrEqual => "<=",
            Operator::Greater => ">",
            Operator::GreaterOrEqual => ">=",
            Operator::Add => "+",
            Operator::Subtract => "-",
            Operator::Multiply => "*",
            Operator::Divide => "/",
        }
    }

    /// Stronger binds first.
    pub(crate) const fn strength(self) -> u8 {
        match self {
            Operator::Or => 1,
            Operator::And => 2,
            Operator::Add | Operator::Subtract => 4,
            Operator::Multiply | Operator::Divide => 5,
            _ => 3,
        }
    }

    pub(crate) const fn compares(self) -> bool {
        self.strength() == 3
    }
}

impl Fault {
    pub(crate) fn at(offset: usize, width: usize, message: impl Into<String>) -> Self {
        Self { offset, width: width.max(1), message: message.into(), remedy: None }
    }

    pub(crate) fn advising(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

impl Expression {
    /// Reads a condition over `vocabulary`: its value is true or false.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn condition(text: &str, vocabulary: &Vocabulary) -> Result<Self, Fault> {
        let expression = Self::parse(text, vocabulary)?;
        check::is_condition(&expression.root, vocabulary)?;
        Ok(expression)
    }

    /// Reads an expression over `vocabulary`, whatever its value.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn parse(text: &str, vocabulary: &Vocabulary) -> Result<Self, Fault> {
        let root = parser::parse(text)?;
        check::type_of(&root, vocabulary)?;
        Ok(Self { text: text.to_owned(), root })
    }

    /// As it is written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The saved names that it uses, with offset and width.
    pub(crate) fn uses(&self) -> Vec<(String, usize, usize)> {
        let mut uses = Vec::new();
        self.root.visit(&mut |part| match &part.kind {
            Kind::Saved(name) => uses.push((name.clone(), part.offset, part.width)),
            Kind::Filled(template) => {
                let names = template.names().map(|name| (name.to_owned(), part.offset, part.width));
                uses.extend(names);
            }
            _ => {}
        });
        uses
    }

    /// The text of `part`.
    pub(crate) fn excerpt(&self, part: &Expr) -> String {
        self.text.chars().skip(part.offset).take(part.width).collect()
    }
}

impl Expr {
    fn visit(&self, see: &mut impl FnMut(&Expr)) {
        see(self);
        match &self.kind {
            Kind::Literal(_) | Kind::Filled(_) | Kind::Saved(_) | Kind::Field(_) => {}
            Kind::Member(of, _) | Kind::Not(of) | Kind::Negative(of) => of.visit(see),
            Kind::Index(left, right) | Kind::Binary(_, left, right) => {
                left.visit(see);
                right.visit(see);
            }
            Kind::Call(_, arguments) => arguments.iter().for_each(|it| it.value.visit(see)),
        }
    }

    /// `a.b.c` as one name.
    pub(crate) fn path(&self) -> Option<String> {
        match &self.kind {
            Kind::Field(name) => Some(name.clone()),
            Kind::Member(of, name) => Some(format!("{}.{name}", of.path()?)),
            _ => None,
        }
    }
}
