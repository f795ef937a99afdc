//! HTML: the place in a document where a value is printed determines how it is escaped, as in Go's
//! `html/template`.
//!
//! The context follows the text of templates in the order of their output. Go derives it before the
//! execution and refuses templates whose branches end in different contexts; these execute here.
//! Values in event handlers, `srcdoc`, attributes with composed names and template literals of scripts
//! are refused, and values in styles and scripts are escaped more strictly than in Go.

mod attribute;
mod context;
mod escape;
mod script;

pub(crate) use context::Context;
pub(crate) use escape::escape;
