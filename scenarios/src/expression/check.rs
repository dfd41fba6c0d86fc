//! Finds at load what can never work: unknown words, wrong kinds, wrong arguments.

use super::vocabulary::{Function, Type, Vocabulary};
use super::{Argument, Expr, Fault, Kind, Operator};
use crate::language::source::suggest;
use serde_json::Value;

/// Refuses what cannot be true or false.
pub(super) fn is_condition(root: &Expr, vocabulary: &Vocabulary) -> Result<(), Fault> {
    expect(root, vocabulary, Type::Flag, "a condition")
}

/// The kind of value that `expr` has.
pub(super) fn type_of(expr: &Expr, vocabulary: &Vocabulary) -> Result<Type, Fault> {
    match &expr.kind {
        Kind::Literal(value) => Ok(kind_of(value)),
        Kind::Filled(_) => Ok(Type::Text),
        Kind::Saved(_) => Ok(Type::Any),
        Kind::Field(_) => field(expr, vocabulary),
        Kind::Member(of, _) => match vocabulary.measures {
            Some(_) => field(expr, vocabulary),
            None => type_of(of, vocabulary).map(|_| Type::Any),
        },
        Kind::Index(of, index) => {
            type_of(of, vocabulary)?;
            expect(index, vocabulary, Type::Number, "an index")?;
            Ok(Type::Any)
        }
        Kind::Not(of) => expect(of, vocabulary, Type::Flag, "`!`").map(|()| Type::Flag),
        Kind::Negative(of) => expect(of, vocabulary, Type::Number, "`-`").map(|()| Type::Number),
        Kind::Binary(operator, left, right) => binary(*operator, left, right, vocabulary),
        Kind::Call(name, arguments) => call(expr, name, arguments, vocabulary),
    }
}

/// The kind of `value`.
pub(super) fn kind_of(value: &Value) -> Type {
    match value {
        Value::Null => Type::Nothing,
        Value::Bool(_) => Type::Flag,
        Value::Number(_) => Type::Number,
        Value::String(_) => Type::Text,
        Value::Array(_) => Type::List,
        Value::Object(_) => Type::Map,
    }
}

fn expect(expr: &Expr, vocabulary: &Vocabulary, wanted: Type, who: &str) -> Result<(), Fault> {
    let found = type_of(expr, vocabulary)?;
    if found == wanted || found == Type::Any {
        return Ok(());
    }
    let message = format!("{who} takes {}, this is {}", wanted.name(), found.name());
    Err(Fault::at(expr.offset, expr.width, message))
}

fn field(expr: &Expr, vocabulary: &Vocabulary) -> Result<Type, Fault> {
    let Some(measures) = vocabulary.measures else { return Ok(Type::Any) };
    let path = expr.path().unwrap_or_default();
    if let Some((_, kind, _)) = measures.iter().find(|(name, ..)| *name == path) {
        return Ok(*kind);
    }
    let mut names: Vec<&str> = measures.iter().map(|(name, ..)| *name).collect();
    let functions: Vec<&str> = vocabulary.functions.iter().map(|function| function.name).collect();
    if functions.contains(&path.as_str()) {
        return Err(Fault::at(
            expr.offset,
            expr.width,
            format!("`{path}` takes brackets: {path}()"),
        ));
    }
    names.extend(functions);
    Err(Fault::at(expr.offset, expr.width, format!("nothing is measured as `{path}`"))
        .advising(suggest(&path, &names)))
}

fn binary(
    operator: Operator,
    left: &Expr,
    right: &Expr,
    vocabulary: &Vocabulary,
) -> Result<Type, Fault> {
    let sign = format!("`{}`", operator.sign());
    match operator {
        Operator::And | Operator::Or => {
            expect(left, vocabulary, Type::Flag, &sign)?;
            expect(right, vocabulary, Type::Flag, &sign)?;
            Ok(Type::Flag)
        }
        Operator::Equal | Operator::Unequal => {
            comparable(left, right, vocabulary, true)?;
            Ok(Type::Flag)
        }
        operator if operator.compares() => {
            comparable(left, right, vocabulary, false)?;
            Ok(Type::Flag)
        }
        _ => {
            expect(left, vocabulary, Type::Number, &sign)?;
            expect(right, vocabulary, Type::Number, &sign)?;
            Ok(Type::Number)
        }
    }
}

/// Refuses to compare what can never be alike, or has no order.
fn comparable(
    left: &Expr,
    right: &Expr,
    vocabulary: &Vocabulary,
    null_too: bool,
) -> Result<(), Fault> {
    let kinds = (type_of(left, vocabulary)?, type_of(right, vocabulary)?);
    let known = |kind: Type| kind != Type::Any;
    let orderless = |kind: Type| known(kind) && !matches!(kind, Type::Number | Type::Text);
    if !null_too && (orderless(kinds.0) || orderless(kinds.1)) {
        let wrong = if orderless(kinds.0) { (left, kinds.0) } else { (right, kinds.1) };
        let message = format!("{} is neither more nor less than anything", wrong.1.name());
        return Err(Fault::at(wrong.0.offset, wrong.0.width, message));
    }
    let null = kinds.0 == Type::Nothing || kinds.1 == Type::Nothing;
    if known(kinds.0) && known(kinds.1) && kinds.0 != kinds.1 && !null {
        let message = format!("{} is compared with {}", kinds.0.name(), kinds.1.name());
        return Err(Fault::at(right.offset, right.width, message));
    }
    Ok(())
}

fn call(
    expr: &Expr,
    name: &str,
    arguments: &[Argument],
    vocabulary: &Vocabulary,
) -> Result<Type, Fault> {
    let Some(function) = vocabulary.function(name) else {
        let names: Vec<&str> = vocabulary.functions().map(|function| function.name).collect();
        let width = name.chars().count();
        return Err(Fault::at(expr.offset, width, format!("no function is named `{name}`"))
            .advising(suggest(name, &names)));
    };
    if function.named {
        arguments
            .iter()
            .try_for_each(|argument| named(function, argument, arguments, vocabulary))?;
    } else {
        ordered(expr, function, arguments, vocabulary)?;
    }
    Ok(function.gives)
}

fn named(
    function: &Function,
    argument: &Argument,
    all: &[Argument],
    vocabulary: &Vocabulary,
) -> Result<(), Fault> {
    let names: Vec<&str> = function.parameters.iter().map(|(name, _)| *name).collect();
    let at = &argument.value;
    let Some(name) = &argument.name else {
        return Err(Fault::at(
            at.offset,
            at.width,
            format!("`{}` takes its arguments by name", function.name),
        )
        .advising(format!("write name='value'; {}", suggest("", &names))));
    };
    let Some((_, kind)) = function.parameters.iter().find(|(known, _)| known == name) else {
        return Err(Fault::at(
            at.offset,
            at.width,
            format!("`{}` takes no `{name}`", function.name),
        )
        .advising(suggest(name, &names)));
    };
    if all.iter().filter(|other| other.name.as_ref() == Some(name)).count() > 1 {
        return Err(Fault::at(at.offset, at.width, format!("`{name}` is given twice")));
    }
    expect(at, vocabulary, *kind, &format!("`{name}`"))
}

fn ordered(
    expr: &Expr,
    function: &Function,
    arguments: &[Argument],
    vocabulary: &Vocabulary,
) -> Result<(), Fault> {
    let (wanted, given) = (function.parameters.len(), arguments.len());
    if wanted != given {
        let names: Vec<&str> = function.parameters.iter().map(|(name, _)| *name).collect();
        let message = format!("`{}` takes {wanted} arguments, these are {given}", function.name);
        return Err(Fault::at(expr.offset, expr.width, message).advising(format!(
            "{}({})",
            function.name,
            names.join(", ")
        )));
    }
    for (argument, (parameter, kind)) in arguments.iter().zip(function.parameters) {
        let at = &argument.value;
        if let Some(name) = &argument.name {
            let message =
                format!("`{}` takes its arguments in order, without `{name}=`", function.name);
            return Err(Fault::at(at.offset, at.width, message));
        }
        match kind {
            Type::Any => type_of(at, vocabulary).map(drop)?,
            Type::Each => {
                expect(at, &super::vocabulary::EVENT, Type::Flag, &format!("`{parameter}`"))?
            }
            kind => expect(at, vocabulary, *kind, &format!("`{parameter}`"))?,
        }
    }
    let path = function.name == "has" && arguments[0].value.path().is_none();
    if path {
        let at = &arguments[0].value;
        return Err(Fault::at(at.offset, at.width, "`has` takes the name of a field"));
    }
    Ok(())
}
