//! Builds the tree of an expression, by binding strength.

use super::lexer::{Sign, Token, tokens};
use super::{Argument, EXPRESSION_DEPTH_MAX, EXPRESSION_NODES_MAX, Expr, Fault, Kind, Operator};
use serde_json::Value;

/// Reads `text` wholly.
pub(super) fn parse(text: &str) -> Result<Expr, Fault> {
    let tokens = tokens(text)?;
    let end = text.chars().count();
    let mut parser = Parser { tokens: &tokens, at: 0, end, depth: 0, nodes: 0 };
    if tokens.is_empty() {
        return Err(Fault::at(0, 1, "an empty expression"));
    }
    let root = parser.binary(1)?;
    match parser.peek() {
        None => Ok(root),
        Some(token) => Err(parser.surplus(token)),
    }
}

struct Parser<'t> {
    tokens: &'t [Token],
    at: usize,
    end: usize,
    depth: usize,
    nodes: usize,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<&'t Token> {
        self.tokens.get(self.at)
    }

    fn take(&mut self, sign: &Sign) -> bool {
        let found = self.peek().is_some_and(|token| token.kind == *sign);
        self.at += usize::from(found);
        found
    }

    fn missing(&self, what: &str) -> Fault {
        match self.peek() {
            Some(token) => Fault::at(token.offset, token.width, format!("{what} is missing here")),
            None => {
                Fault::at(self.end.saturating_sub(1), 1, format!("{what} is missing after this"))
            }
        }
    }

    fn surplus(&self, token: &Token) -> Fault {
        match token.kind {
            Sign::Assign => Fault::at(token.offset, token.width, "`=` compares nothing")
                .advising("equality is written `==`"),
            _ => Fault::at(token.offset, token.width, "`&&`, `||` or a comparison is missing here"),
        }
    }

    /// From `start` to the end of the last token taken.
    fn made(&mut self, start: usize, kind: Kind) -> Result<Expr, Fault> {
        let last = self.tokens.get(self.at.saturating_sub(1));
        let end = last.map_or(start, |token| token.offset + token.width);
        self.nodes += 1;
        if self.nodes > EXPRESSION_NODES_MAX {
            let message = format!("an expression of more than {EXPRESSION_NODES_MAX} parts");
            return Err(Fault::at(start, 1, message));
        }
        Ok(Expr { offset: start, width: end.saturating_sub(start).max(1), kind })
    }

    fn binary(&mut self, strength: u8) -> Result<Expr, Fault> {
        let mut left = self.unary()?;
        let mut compared = false;
        while let Some(token) = self.peek() {
            let Sign::Operator(operator) = token.kind else { break };
            if operator.strength() < strength {
                break;
            }
            if operator.compares() && compared {
                return Err(Fault::at(token.offset, token.width, "two comparisons in a row")
                    .advising("compare two at a time: 0 < x && x < 1"));
            }
            compared = operator.compares();
            self.at += 1;
            let right = self.binary(operator.strength() + 1)?;
            let start = left.offset;
            left = self.made(start, Kind::Binary(operator, Box::new(left), Box::new(right)))?;
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expr, Fault> {
        let Some(token) = self.peek() else { return Err(self.missing("a value")) };
        let negates = match token.kind {
            Sign::Not => false,
            Sign::Operator(Operator::Subtract) => true,
            _ => return self.postfix(),
        };
        self.at += 1;
        let of = Box::new(self.deeper(token, Self::unary)?);
        self.made(token.offset, if negates { Kind::Negative(of) } else { Kind::Not(of) })
    }

    fn deeper<T>(
        &mut self,
        token: &Token,
        read: impl Fn(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        if self.depth >= EXPRESSION_DEPTH_MAX {
            let message = format!("nested more than {EXPRESSION_DEPTH_MAX} deep");
            return Err(Fault::at(token.offset, token.width, message));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn postfix(&mut self) -> Result<Expr, Fault> {
        let mut expr = self.primary()?;
        let start = expr.offset;
        loop {
            if self.take(&Sign::Dot) {
                let Some(Token { kind: Sign::Word(name), .. }) = self.peek() else {
                    return Err(self.missing("the name of a field"));
                };
                self.at += 1;
                expr = self.made(start, Kind::Member(Box::new(expr), name.clone()))?;
            } else if let Some(token) = self.peek().filter(|token| token.kind == Sign::OpenIndex) {
                self.at += 1;
                let index = self.deeper(token, |parser| parser.binary(1))?;
                if !self.take(&Sign::CloseIndex) {
                    return Err(self.missing("`]`"));
                }
                expr = self.made(start, Kind::Index(Box::new(expr), Box::new(index)))?;
            } else {
                return Ok(expr);
            }
        }
    }

    fn primary(&mut self) -> Result<Expr, Fault> {
        let Some(token) = self.peek() else { return Err(self.missing("a value")) };
        self.at += 1;
        let kind = match &token.kind {
            Sign::Number(number) => Kind::Literal((*number).into()),
            Sign::Text(template) => match template.as_literal() {
                Some(text) => Kind::Literal(text.into()),
                None => Kind::Filled(template.clone()),
            },
            Sign::Saved(name) => Kind::Saved(name.clone()),
            Sign::Word(word) => match word.as_str() {
                "true" => Kind::Literal(true.into()),
                "false" => Kind::Literal(false.into()),
                "null" => Kind::Literal(Value::Null),
                _ if self.peek().is_some_and(|next| next.kind == Sign::Open) => {
                    Kind::Call(word.clone(), self.arguments()?)
                }
                _ => Kind::Field(word.clone()),
            },
            Sign::Open => {
                let inner = self.deeper(token, |parser| parser.binary(1))?;
                if !self.take(&Sign::Close) {
                    return Err(self.missing("`)`"));
                }
                return Ok(inner);
            }
            _ => {
                self.at -= 1;
                return Err(self.missing("a value"));
            }
        };
        self.made(token.offset, kind)
    }

    fn arguments(&mut self) -> Result<Vec<Argument>, Fault> {
        let open = self.peek().expect("an opening bracket was seen");
        self.at += 1;
        let mut arguments = Vec::new();
        if self.take(&Sign::Close) {
            return Ok(arguments);
        }
        loop {
            let name = self.argument_name();
            let value = self.deeper(open, |parser| parser.binary(1))?;
            arguments.push(Argument { name, value });
            if self.take(&Sign::Close) {
                return Ok(arguments);
            }
            if !self.take(&Sign::Comma) {
                return Err(self.missing("`,` or `)`"));
            }
        }
    }

    fn argument_name(&mut self) -> Option<String> {
        let [Token { kind: Sign::Word(name), .. }, Token { kind: Sign::Assign, .. }] =
            self.tokens.get(self.at..self.at + 2)?
        else {
            return None;
        };
        self.at += 2;
        Some(name.clone())
    }
}
