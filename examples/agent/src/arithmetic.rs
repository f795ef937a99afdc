//! Evaluates arithmetic expressions: numbers, `+ - * / % ^`, parentheses, `17 % of 2,340`, and the
//! functions `sqrt`, `abs`, `round`, `min` and `max`. Used by the calculator and the sandbox.
//!
//! Not Python: a single expression without variables. Bounded in length and depth.

use std::iter::Peekable;
use std::str::Chars;

/// Maximum length of an expression.
const CHARS_MAX: usize = 500;
/// Maximum nesting of parentheses.
const DEPTH_MAX: usize = 32;

/// The value of an expression.
///
/// # Errors
/// A sentence that describes the error.
pub(crate) fn evaluate(text: &str) -> Result<f64, String> {
    if text.len() > CHARS_MAX {
        return Err(format!("an expression has at most {CHARS_MAX} characters"));
    }
    let text = text.to_lowercase().replace("plus", "+").replace("minus", "-").replace("times", "*");
    let mut parser = Parser { letters: text.chars().peekable(), depth: 0 };
    let value = parser.sum()?;
    match parser.next() {
        None if value.is_finite() => Ok(value),
        None => Err("the result is no finite number".to_owned()),
        Some(letter) => Err(format!("`{letter}` is not expected here")),
    }
}

/// Formats a number without trailing zeros.
pub(crate) fn shown(value: f64) -> String {
    let rounded = (value * 1e9).round() / 1e9;
    if rounded.is_finite() { format!("{rounded}") } else { format!("{value}") }
}

struct Parser<'a> {
    letters: Peekable<Chars<'a>>,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&mut self) -> Option<char> {
        while self.letters.next_if(|letter| letter.is_whitespace()).is_some() {}
        self.letters.peek().copied()
    }

    fn next(&mut self) -> Option<char> {
        self.peek()?;
        self.letters.next()
    }

    fn sum(&mut self) -> Result<f64, String> {
        let mut value = self.product()?;
        while let Some(sign @ ('+' | '-')) = self.peek() {
            self.next();
            let right = self.product()?;
            value = if sign == '+' { value + right } else { value - right };
        }
        Ok(value)
    }

    fn product(&mut self) -> Result<f64, String> {
        let mut value = self.power()?;
        while let Some(sign @ ('*' | '/' | '%')) = self.peek() {
            self.next();
            if sign == '%' && !matches!(self.peek(), Some('0'..='9' | '(' | '.')) {
                value /= 100.0;
                // "17 % of 2340"
                if self.peek() == Some('o') {
                    self.word("of")?;
                    value *= self.power()?;
                }
                continue;
            }
            let right = self.power()?;
            if sign != '*' && right == 0.0 {
                return Err("division by zero".to_owned());
            }
            value = match sign {
                '*' => value * right,
                '/' => value / right,
                _ => value % right,
            };
        }
        Ok(value)
    }

    fn power(&mut self) -> Result<f64, String> {
        let value = self.signed()?;
        if self.peek() == Some('^') {
            self.next();
            return self.nested(|parser| Ok(value.powf(parser.power()?)));
        }
        Ok(value)
    }

    fn signed(&mut self) -> Result<f64, String> {
        match self.peek() {
            Some('-') => {
                self.next();
                self.nested(|parser| Ok(-parser.signed()?))
            }
            Some('(') => {
                self.next();
                let value = self.nested(Self::sum)?;
                self.expect(')')?;
                Ok(value)
            }
            Some('0'..='9' | '.') => self.number(),
            Some('a'..='z') => self.function(),
            Some(letter) => Err(format!("`{letter}` is not expected here")),
            None => Err("the expression ends too early".to_owned()),
        }
    }

    fn nested(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<f64, String>,
    ) -> Result<f64, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(format!("more than {DEPTH_MAX} levels of parentheses"));
        }
        let value = inner(self);
        self.depth -= 1;
        value
    }

    fn number(&mut self) -> Result<f64, String> {
        let mut digits = String::new();
        loop {
            if let Some(letter) = self.letters.next_if(|it| it.is_ascii_digit() || *it == '.') {
                digits.push(letter);
            } else if self.is_group() {
                self.letters.next();
            } else {
                return digits.parse().map_err(|_| format!("`{digits}` is no number"));
            }
        }
    }

    /// Whether a separator and a group of three digits follow, as in 2,340.
    fn is_group(&self) -> bool {
        let mut ahead = self.letters.clone();
        matches!(ahead.next(), Some(',' | '_'))
            && (0..3).all(|_| ahead.next().is_some_and(|letter| letter.is_ascii_digit()))
            && !ahead.next().is_some_and(|letter| letter.is_ascii_digit())
    }

    fn function(&mut self) -> Result<f64, String> {
        let mut name = String::new();
        while let Some(letter) = self.letters.next_if(char::is_ascii_alphabetic) {
            name.push(letter);
        }
        self.expect('(')?;
        let first = self.nested(Self::sum)?;
        let second = if self.peek() == Some(',') {
            self.next();
            Some(self.nested(Self::sum)?)
        } else {
            None
        };
        self.expect(')')?;
        match (name.as_str(), second) {
            ("sqrt", None) if first >= 0.0 => Ok(first.sqrt()),
            ("abs", None) => Ok(first.abs()),
            ("round", None) => Ok(first.round()),
            ("min", Some(second)) => Ok(first.min(second)),
            ("max", Some(second)) => Ok(first.max(second)),
            _ => Err(format!("`{name}` of these numbers is not known")),
        }
    }

    fn word(&mut self, word: &str) -> Result<(), String> {
        word.chars().try_for_each(|letter| self.expect(letter))
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        match self.next() {
            Some(letter) if letter == wanted => Ok(()),
            Some(letter) => Err(format!("`{wanted}` is expected, not `{letter}`")),
            None => Err(format!("`{wanted}` is missing at the end")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_have_their_value() {
        for (text, value) in [
            ("1 + 2 * 3", 7.0),
            ("(1 + 2) * 3", 9.0),
            ("17 % of 2,340 plus 12", 409.8),
            ("7 % 4", 3.0),
            ("2 ^ 3 ^ 2", 512.0),
            ("-2 * -3", 6.0),
            ("sqrt(16) + max(1, 2)", 6.0),
            ("1_000 / 8", 125.0),
        ] {
            let computed = evaluate(text).unwrap();
            assert!((computed - value).abs() < 1e-9, "{text} is {computed}");
        }
    }

    #[test]
    fn what_is_no_expression_says_why() {
        let deep = "(".repeat(400);
        for text in
            ["", "1 +", "1 / 0", "7 % 0", "(1", "1)", "os.system", "sqrt(-1)", "9^9^9", &deep]
        {
            assert!(evaluate(text).is_err(), "{text}");
        }
        assert!(evaluate(&"1".repeat(501)).is_err());
    }
}
