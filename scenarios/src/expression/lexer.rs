//! Cuts an expression into words, numbers, texts and signs.

use super::{EXPRESSION_CHARS_MAX, Fault, Operator};
use crate::language::template::{Template, is_name};

/// One token and where it stands, in characters.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) offset: usize,
    pub(super) width: usize,
    pub(super) kind: Sign,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Sign {
    Number(f64),
    Text(Template),
    Word(String),
    Saved(String),
    Operator(Operator),
    Not,
    Open,
    Close,
    OpenIndex,
    CloseIndex,
    Comma,
    Dot,
    Assign,
}

/// All signs, the longer first.
const SIGNS: &[(&str, Sign)] = &[
    ("&&", Sign::Operator(Operator::And)),
    ("||", Sign::Operator(Operator::Or)),
    ("==", Sign::Operator(Operator::Equal)),
    ("!=", Sign::Operator(Operator::Unequal)),
    ("<=", Sign::Operator(Operator::LessOrEqual)),
    (">=", Sign::Operator(Operator::GreaterOrEqual)),
    ("<", Sign::Operator(Operator::Less)),
    (">", Sign::Operator(Operator::Greater)),
    ("+", Sign::Operator(Operator::Add)),
    ("-", Sign::Operator(Operator::Subtract)),
    ("*", Sign::Operator(Operator::Multiply)),
    ("/", Sign::Operator(Operator::Divide)),
    ("!", Sign::Not),
    ("(", Sign::Open),
    (")", Sign::Close),
    ("[", Sign::OpenIndex),
    ("]", Sign::CloseIndex),
    (",", Sign::Comma),
    (".", Sign::Dot),
    ("=", Sign::Assign),
];

/// Cuts `text`.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Fault> {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() > EXPRESSION_CHARS_MAX {
        let message =
            format!("an expression of {} characters, at most {EXPRESSION_CHARS_MAX}", chars.len());
        return Err(Fault::at(EXPRESSION_CHARS_MAX, 1, message));
    }
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        if chars[at].is_whitespace() {
            at += 1;
            continue;
        }
        let token = token(&chars, at)?;
        at += token.width;
        tokens.push(token);
    }
    Ok(tokens)
}

fn token(chars: &[char], at: usize) -> Result<Token, Fault> {
    let first = chars[at];
    if first.is_ascii_digit() {
        return number(chars, at);
    }
    if first == '\'' || first == '"' {
        return quoted(chars, at, first);
    }
    if first.is_alphabetic() || first == '_' {
        return word(chars, at);
    }
    if chars[at..].starts_with(&['$', '{']) {
        return saved(chars, at);
    }
    for (sign, kind) in SIGNS {
        let width = sign.len();
        if chars[at..].iter().take(width).collect::<String>() == *sign {
            return Ok(Token { offset: at, width, kind: kind.clone() });
        }
    }
    let fault = Fault::at(at, 1, format!("`{first}` means nothing here"));
    Err(match first {
        '&' => fault.advising("and is written `&&`"),
        '|' => fault.advising("or is written `||`"),
        '“' | '”' | '‘' | '’' | '`' => {
            fault.advising("a text stands in straight quotes: 'brake'")
        }
        '%' => fault.advising("write the part of one: 0.7, not 70 %"),
        _ => fault,
    })
}

fn run(chars: &[char], at: usize, fits: impl Fn(char) -> bool) -> String {
    chars[at..].iter().copied().take_while(|c| fits(*c)).collect()
}

fn number(chars: &[char], at: usize) -> Result<Token, Fault> {
    let text = run(chars, at, |c| c.is_ascii_alphanumeric() || c == '.' || c == '_');
    let width = text.len();
    let parsed = text.parse::<f64>().ok().filter(|number| number.is_finite());
    let plain = text.chars().all(|c| c.is_ascii_digit() || c == '.');
    match parsed.filter(|_| plain) {
        Some(value) => Ok(Token { offset: at, width, kind: Sign::Number(value) }),
        None => Err(Fault::at(at, width, format!("`{text}` is not a number"))
            .advising("a number is written like 15 or 0.7; a text stands in quotes")),
    }
}

fn quoted(chars: &[char], at: usize, quote: char) -> Result<Token, Fault> {
    let mut text = String::new();
    let mut end = at + 1;
    loop {
        match chars.get(end) {
            None => return Err(Fault::at(at, 1, format!("a text without its closing `{quote}`"))),
            Some(c) if *c == quote && chars.get(end + 1) == Some(&quote) => {
                text.push(quote);
                end += 2;
            }
            Some(c) if *c == quote => break,
            Some(c) => {
                text.push(*c);
                end += 1;
            }
        }
    }
    let (template, _) = Template::parse(&text)
        .map_err(|fault| Fault::at(at + 1 + fault.offset, fault.width, fault.message))?;
    Ok(Token { offset: at, width: end + 1 - at, kind: Sign::Text(template) })
}

fn word(chars: &[char], at: usize) -> Result<Token, Fault> {
    let text = run(chars, at, |c| c.is_alphanumeric() || c == '_');
    let width = text.chars().count();
    let operator = match text.as_str() {
        "and" | "AND" => Some("&&"),
        "or" | "OR" => Some("||"),
        "not" | "NOT" => Some("!"),
        _ => None,
    };
    match operator {
        Some(sign) => Err(Fault::at(at, width, format!("`{text}` is written `{sign}`"))),
        None => Ok(Token { offset: at, width, kind: Sign::Word(text) }),
    }
}

fn saved(chars: &[char], at: usize) -> Result<Token, Fault> {
    let name = run(chars, at + 2, |c| c != '}');
    let width = name.chars().count() + 3;
    if at + width > chars.len() {
        return Err(Fault::at(at, 2, "`${` without its `}`"));
    }
    if !is_name(&name) {
        let message =
            format!("`{name}` is not a name: small letters, digits and `_`, a letter first");
        return Err(Fault::at(at + 2, width.saturating_sub(3), message));
    }
    Ok(Token { offset: at, width, kind: Sign::Saved(name) })
}
