//! Computes expressions over what is looked at; a word that is not there is an answer, not false.

use super::functions::{compute, same};
use super::vocabulary::{Type, Vocabulary};
use super::{Argument, Expr, Expression, Kind, Operator};
use crate::language::source::suggest;
use crate::language::template::{Bindings, unbound};
use serde_json::Value;
use std::collections::BTreeMap;

/// What an expression is computed over.
pub trait Scope {
    /// The field `name`, if there is one.
    fn field(&self, name: &str) -> Option<Value>;

    /// All fields, for suggestions.
    fn names(&self) -> Vec<String>;

    /// What was saved.
    fn bindings(&self) -> &Bindings;

    /// The measure `name` with `arguments`.
    ///
    /// # Errors
    /// Why it cannot be told.
    fn measure(&self, name: &str, arguments: &BTreeMap<String, Value>) -> Result<Value, String>;
}

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// What is looked at has no such field.
    #[error("there is no field `{name}`; {hint}")]
    Missing {
        /// The field.
        name: String,
        /// The nearest one.
        hint: String,
    },
    /// It cannot be computed.
    #[error("{0}")]
    Impossible(String),
}

/// Whether a condition holds, and how each of its parts does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The parts joined by `&&`, in order.
    pub parts: Vec<Part>,
}

/// One part of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// As it is written.
    pub text: String,
    /// Whether it holds; in words why not, or why it cannot be told.
    pub held: Result<(), String>,
    /// Whether it failed for want of a value.
    pub undecided: bool,
}

impl Verdict {
    /// Whether all parts hold.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.parts.iter().all(|part| part.held.is_ok())
    }

    /// Whether no part fails but one or more cannot be told.
    #[must_use]
    pub fn is_undecided(&self) -> bool {
        !self.holds() && self.parts.iter().all(|part| part.held.is_ok() || part.undecided)
    }

    /// How many parts hold.
    #[must_use]
    pub fn held(&self) -> usize {
        self.parts.iter().filter(|part| part.held.is_ok()).count()
    }

    /// The first part that does not hold, with the reason.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.parts
            .iter()
            .find_map(|part| Some(format!("`{}`: {}", part.text, part.held.as_ref().err()?)))
    }
}

impl Expression {
    /// Its value over `scope`.
    ///
    /// # Errors
    /// Why it has none.
    pub fn value(&self, scope: &dyn Scope) -> Result<Value, EvalError> {
        evaluate(&self.root, scope)
    }

    /// Whether it holds over `scope`, part by part.
    #[must_use]
    pub fn judge(&self, scope: &dyn Scope) -> Verdict {
        let mut conjuncts = Vec::new();
        split(&self.root, &mut conjuncts);
        let parts = conjuncts.into_iter().map(|part| self.part(part, scope)).collect();
        Verdict { parts }
    }

    fn part(&self, part: &Expr, scope: &dyn Scope) -> Part {
        let (held, undecided) = match evaluate(part, scope) {
            Ok(Value::Bool(true)) => (Ok(()), false),
            Ok(Value::Bool(false)) => (Err(self.why_not(part, scope)), false),
            Ok(value) => (Err(format!("is {}, neither true nor false", shown(&value))), true),
            Err(error) => (Err(error.to_string()), true),
        };
        Part { text: self.excerpt(part), held, undecided }
    }

    /// The values that made `part` false.
    fn why_not(&self, part: &Expr, scope: &dyn Scope) -> String {
        let mut known = Vec::new();
        part.visit(&mut |inner| {
            let look = matches!(inner.kind, Kind::Field(_) | Kind::Saved(_) | Kind::Member(..))
                || matches!(&inner.kind, Kind::Call(name, _) if name != "any" && name != "all" && name != "has");
            let covered = known.iter().any(|(offset, width, _): &(usize, usize, String)| {
                *offset <= inner.offset && inner.offset + inner.width <= offset + width
            });
            if look && !covered && let Ok(value) = evaluate(inner, scope) {
                let text = format!("{} is {}", self.excerpt(inner), shown(&value));
                known.push((inner.offset, inner.width, text));
            }
        });
        match known.is_empty() {
            true => "does not hold".to_owned(),
            false => known.into_iter().map(|(.., text)| text).collect::<Vec<_>>().join(", "),
        }
    }
}

fn split<'e>(expr: &'e Expr, into: &mut Vec<&'e Expr>) {
    match &expr.kind {
        Kind::Binary(Operator::And, left, right) => {
            split(left, into);
            split(right, into);
        }
        _ => into.push(expr),
    }
}

/// A value for people.
#[must_use]
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("'{text}'"),
        Value::Number(number) => match number.as_f64() {
            Some(float) if float.fract() != 0.0 => {
                let rounded = format!("{float:.4}");
                rounded.trim_end_matches('0').trim_end_matches('.').to_owned()
            }
            Some(float) if float.abs() < 1e15 => format!("{float:.0}"),
            _ => number.to_string(),
        },
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(_) => "a group of fields".to_owned(),
        other => other.to_string(),
    }
}

fn impossible(text: impl Into<String>) -> EvalError {
    EvalError::Impossible(text.into())
}

fn evaluate(expr: &Expr, scope: &dyn Scope) -> Result<Value, EvalError> {
    match &expr.kind {
        Kind::Literal(value) => Ok(value.clone()),
        Kind::Filled(template) => {
            template.fill(scope.bindings()).map(Value::from).map_err(impossible)
        }
        Kind::Saved(name) => {
            scope.bindings().get(name).cloned().ok_or_else(|| impossible(unbound(name)))
        }
        Kind::Field(name) => scope.field(name).ok_or_else(|| missing(name, &scope.names())),
        Kind::Member(of, name) => member(&evaluate(of, scope)?, name),
        Kind::Index(of, index) => item(&evaluate(of, scope)?, &evaluate(index, scope)?),
        Kind::Not(of) => Ok((!flag(&evaluate(of, scope)?)?).into()),
        Kind::Negative(of) => finite(-number(&evaluate(of, scope)?)?),
        Kind::Binary(operator, left, right) => binary(*operator, left, right, scope),
        Kind::Call(name, arguments) => call(name, arguments, scope),
    }
}

fn missing(name: &str, names: &[String]) -> EvalError {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    EvalError::Missing { name: name.to_owned(), hint: suggest(name, &names) }
}

fn member(of: &Value, name: &str) -> Result<Value, EvalError> {
    match of {
        Value::Object(fields) => fields.get(name).cloned().ok_or_else(|| {
            let names: Vec<String> = fields.keys().cloned().collect();
            missing(name, &names)
        }),
        other => Err(impossible(format!("{} has no field `{name}`", shown(other)))),
    }
}

fn item(of: &Value, index: &Value) -> Result<Value, EvalError> {
    let (Value::Array(items), at) = (of, number(index)?) else {
        return Err(impossible(format!("{} has no items", shown(of))));
    };
    let position = (at >= 0.0 && at.fract() == 0.0).then_some(at as usize);
    position
        .and_then(|position| items.get(position))
        .cloned()
        .ok_or_else(|| impossible(format!("a list of {} has no item {at}", items.len())))
}

fn flag(value: &Value) -> Result<bool, EvalError> {
    value.as_bool().ok_or_else(|| impossible(format!("{} is neither true nor false", shown(value))))
}

fn number(value: &Value) -> Result<f64, EvalError> {
    value.as_f64().ok_or_else(|| impossible(format!("{} is not a number", shown(value))))
}

fn finite(number: f64) -> Result<Value, EvalError> {
    if number.is_finite() { Ok(number.into()) } else { Err(impossible("the number has no end")) }
}

fn binary(
    operator: Operator,
    left: &Expr,
    right: &Expr,
    scope: &dyn Scope,
) -> Result<Value, EvalError> {
    let first = evaluate(left, scope)?;
    match operator {
        Operator::And if !flag(&first)? => return Ok(false.into()),
        Operator::Or if flag(&first)? => return Ok(true.into()),
        _ => {}
    }
    let second = evaluate(right, scope)?;
    match operator {
        Operator::And | Operator::Or => Ok(flag(&second)?.into()),
        Operator::Equal => Ok(same(&first, &second).into()),
        Operator::Unequal => Ok((!same(&first, &second)).into()),
        Operator::Add => finite(number(&first)? + number(&second)?),
        Operator::Subtract => finite(number(&first)? - number(&second)?),
        Operator::Multiply => finite(number(&first)? * number(&second)?),
        Operator::Divide if number(&second)? == 0.0 => Err(impossible("division by zero")),
        Operator::Divide => finite(number(&first)? / number(&second)?),
        operator => order(operator, &first, &second),
    }
}

fn order(operator: Operator, first: &Value, second: &Value) -> Result<Value, EvalError> {
    let order = match (first, second) {
        (Value::String(first), Value::String(second)) => Some(first.cmp(second)),
        (Value::Number(_), Value::Number(_)) => number(first)?.partial_cmp(&number(second)?),
        _ => None,
    };
    let order = order.ok_or_else(|| {
        impossible(format!("{} and {} have no order", shown(first), shown(second)))
    })?;
    Ok(match operator {
        Operator::Less => order.is_lt(),
        Operator::LessOrEqual => order.is_le(),
        Operator::Greater => order.is_gt(),
        _ => order.is_ge(),
    }
    .into())
}

fn call(name: &str, arguments: &[Argument], scope: &dyn Scope) -> Result<Value, EvalError> {
    match (name, arguments) {
        ("has", [field]) => match evaluate(&field.value, scope) {
            Ok(value) => Ok((!value.is_null()).into()),
            Err(EvalError::Missing { .. }) => Ok(false.into()),
            Err(EvalError::Impossible(_)) => Ok(false.into()),
        },
        ("any" | "all" | "count", [list, fits]) => each(name, list, &fits.value, scope),
        _ if is_measure(name) => {
            let mut named = BTreeMap::new();
            for argument in arguments {
                let key = argument.name.clone().unwrap_or_default();
                named.insert(key, evaluate(&argument.value, scope)?);
            }
            scope.measure(name, &named).map_err(impossible)
        }
        _ => {
            let values: Result<Vec<Value>, EvalError> =
                arguments.iter().map(|argument| evaluate(&argument.value, scope)).collect();
            compute(name, &values?).map_err(impossible)
        }
    }
}

/// Whether `name` is none of the functions that every expression has.
fn is_measure(name: &str) -> bool {
    let every = Vocabulary { measures: None, functions: &[] };
    every.function(name).is_none_or(|function| function.gives == Type::Each)
}

fn each(name: &str, list: &Argument, fits: &Expr, scope: &dyn Scope) -> Result<Value, EvalError> {
    let value = evaluate(&list.value, scope)?;
    let Value::Array(items) = &value else {
        return Err(impossible(format!("{} is not a list", shown(&value))));
    };
    let mut fitting = 0;
    for item in items {
        fitting += usize::from(flag(&evaluate(fits, &Item { item, outer: scope })?)?);
    }
    Ok(match name {
        "any" => (fitting > 0).into(),
        "all" => (fitting == items.len()).into(),
        _ => fitting.into(),
    })
}

/// One item of a list, before what the list stands in.
struct Item<'s> {
    item: &'s Value,
    outer: &'s dyn Scope,
}

impl Scope for Item<'_> {
    fn field(&self, name: &str) -> Option<Value> {
        if name == "item" {
            return Some(self.item.clone());
        }
        self.item.get(name).cloned().or_else(|| self.outer.field(name))
    }

    fn names(&self) -> Vec<String> {
        let fields = self.item.as_object();
        let mut names: Vec<String> =
            fields.map(|it| it.keys().cloned().collect()).unwrap_or_default();
        names.push("item".to_owned());
        names.extend(self.outer.names());
        names
    }

    fn bindings(&self) -> &Bindings {
        self.outer.bindings()
    }

    fn measure(&self, name: &str, arguments: &BTreeMap<String, Value>) -> Result<Value, String> {
        self.outer.measure(name, arguments)
    }
}
