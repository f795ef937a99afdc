//! Formats an expression over several lines, as Prometheus' `format_query` does.

use super::ast::Expr;

/// Formats an expression for users: longer lines are broken and indented.
///
/// Prometheus breaks after 100 characters.
#[must_use]
pub fn prettify(expr: &Expr, line_chars_max: usize) -> String {
    Pretty { line_chars_max }.expr(expr, 0)
}

fn indent(level: usize) -> String {
    "  ".repeat(level)
}

struct Pretty {
    line_chars_max: usize,
}

impl Pretty {
    fn expr(&self, expr: &Expr, level: usize) -> String {
        let pad = indent(level);
        if expr.to_string().chars().count() <= self.line_chars_max {
            return format!("{pad}{expr}");
        }
        match expr {
            Expr::Number(_) | Expr::Text(_) | Expr::Selector(_) => format!("{pad}{expr}"),
            Expr::Paren(paren) => format!("{pad}(\n{}\n{pad})", self.expr(&paren.expr, level + 1)),
            Expr::Unary(unary) => {
                let sign = if unary.is_negative { "-" } else { "+" };
                format!("{pad}{sign}{}", self.expr(&unary.expr, level).trim_start())
            }
            Expr::Subquery(subquery) => {
                format!("{}{}", self.expr(&subquery.expr, level), subquery.suffix())
            }
            Expr::Call(call) => {
                let arguments: Vec<String> =
                    call.arguments.iter().map(|argument| self.expr(argument, level + 1)).collect();
                format!("{pad}{}(\n{}\n{pad})", call.function.name, arguments.join(",\n"))
            }
            Expr::Aggregate(aggregate) => {
                let mut out = format!("{pad}{}(\n", aggregate.head());
                if let Some(parameter) = &aggregate.parameter {
                    out.push_str(&self.expr(parameter, level + 1));
                    out.push_str(",\n");
                }
                out + &self.expr(&aggregate.expr, level + 1) + "\n" + &pad + ")"
            }
            Expr::Binary(binary) => {
                format!(
                    "{}\n{pad}{}\n{}",
                    self.expr(&binary.left, level + 1),
                    binary.operator(),
                    self.expr(&binary.right, level + 1)
                )
            }
        }
    }
}
