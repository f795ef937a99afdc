//! From the text of templates to trees.

mod lexer;
mod operand;
mod parser;
pub(crate) mod tree;

pub(crate) use parser::parse;
