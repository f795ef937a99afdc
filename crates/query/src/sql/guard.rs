//! Statements that are rejected before planning: long or deeply nested text, several statements,
//! and statements that do not read.
//!
//! Planner, optimizer and the destructors of their trees recurse. Brackets are limited by the
//! parser itself; chains such as `1 + 1 + 1 …`, which the parser reads in a loop but turns into a
//! deep tree, are limited here by the number of operators and keywords.

use std::ops::ControlFlow;

use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::{
    DescribeAlias, Statement as SqlStatement, TableFactor, Visit, Visitor,
};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use crate::QueryError;

/// Longest text of a query, in bytes.
const TEXT_BYTES_MAX: usize = 64 * 1024;
/// Total number of names, literals, operators, commas and brackets.
const TOKENS_MAX: usize = 20_000;
/// Operators and keywords: each may add a level to the tree.
const OPERATORS_MAX: usize = 600;
/// Nesting depth of brackets and subqueries.
const NESTING_MAX: usize = 50;
/// Tables, subqueries and joins of one statement.
const TABLES_MAX: usize = 32;

/// The kind of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Rows.
    Query,
    /// A plan or a table's columns.
    About,
    /// The names of the tables.
    ShowTables,
}

/// Parses a text that contains exactly one read-only statement.
pub(super) fn parse(query: &str) -> Result<(Kind, Statement), QueryError> {
    if query.len() > TEXT_BYTES_MAX {
        let message = format!("the query has {} bytes; at most {TEXT_BYTES_MAX}", query.len());
        return Err(QueryError::TooLarge(message));
    }
    let dialect = GenericDialect {};
    let tokens = Tokenizer::new(&dialect, query)
        .tokenize()
        .map_err(|error| QueryError::Invalid(error.to_string()))?;
    check_size(&tokens)?;
    drop(tokens);
    let mut statements = DFParserBuilder::new(query)
        .with_dialect(&dialect)
        .with_recursion_limit(NESTING_MAX)
        .build()?
        .parse_statements()?;
    let Some(statement) = statements.pop_front() else {
        return Err(QueryError::Invalid("the query is empty".to_owned()));
    };
    if !statements.is_empty() {
        let message = format!("one statement at a time, not {}", statements.len() + 1);
        return Err(QueryError::Invalid(message));
    }
    let kind = kind(&statement)?;
    check_tables(&statement)?;
    Ok((kind, statement))
}

fn check_size(tokens: &[Token]) -> Result<(), QueryError> {
    let is_operator = |token: &&Token| match token {
        Token::Word(word) => word.keyword != Keyword::NoKeyword && word.quote_style.is_none(),
        Token::Number(..)
        | Token::SingleQuotedString(_)
        | Token::Comma
        | Token::Period
        | Token::LParen
        | Token::RParen
        | Token::Whitespace(_)
        | Token::SemiColon
        | Token::EOF => false,
        _ => true,
    };
    let operators = tokens.iter().filter(is_operator).count();
    if operators > OPERATORS_MAX {
        return Err(QueryError::TooLarge(format!(
            "the query has {operators} operators and keywords; at most {OPERATORS_MAX}"
        )));
    }
    let written = tokens.iter().filter(|token| !matches!(token, Token::Whitespace(_))).count();
    if written > TOKENS_MAX {
        let message = format!("the query has {written} tokens; at most {TOKENS_MAX}");
        return Err(QueryError::TooLarge(message));
    }
    Ok(())
}

fn kind(statement: &Statement) -> Result<Kind, QueryError> {
    let refused = || {
        QueryError::Invalid(
            "only SELECT, EXPLAIN, DESCRIBE and SHOW TABLES are supported".to_owned(),
        )
    };
    match statement {
        Statement::Explain(explain) => match kind(&explain.statement)? {
            Kind::Query => Ok(Kind::About),
            Kind::About | Kind::ShowTables => Err(refused()),
        },
        Statement::Statement(statement) => match &**statement {
            SqlStatement::Query(_) => Ok(Kind::Query),
            SqlStatement::Explain { statement, .. }
                if matches!(**statement, SqlStatement::Query(_)) =>
            {
                Ok(Kind::About)
            }
            SqlStatement::ExplainTable {
                describe_alias: DescribeAlias::Describe | DescribeAlias::Desc,
                ..
            } => Ok(Kind::About),
            SqlStatement::ShowTables { .. } => Ok(Kind::ShowTables),
            _ => Err(refused()),
        },
        _ => Err(refused()),
    }
}

fn check_tables(statement: &Statement) -> Result<(), QueryError> {
    struct Count(usize);
    impl Visitor for Count {
        type Break = ();
        fn pre_visit_table_factor(&mut self, _table: &TableFactor) -> ControlFlow<()> {
            self.0 += 1;
            ControlFlow::Continue(())
        }
    }
    let mut count = Count(0);
    match statement {
        Statement::Statement(statement) => _ = statement.visit(&mut count),
        Statement::Explain(explain) => return check_tables(&explain.statement),
        _ => {}
    }
    if count.0 > TABLES_MAX {
        let message = format!("the query names {} tables; at most {TABLES_MAX}", count.0);
        return Err(QueryError::TooLarge(message));
    }
    Ok(())
}
