//! Where a query names columns, and what it does with them. Not here: which columns matter (`zone`).

use crate::source::statement::tokens::{Token, TokenKind};

/// A place where a query names a column.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mention<'a> {
    /// As it is called in the table.
    pub(super) column: &'a str,
    /// The function of which it is the only argument.
    pub(super) function: Option<&'a str>,
    /// What follows.
    pub(super) after: &'a [Token<'a>],
}

/// Where a query names one of these columns.
pub(super) fn mentions<'a>(tokens: &'a [Token<'a>], columns: &'a [String]) -> Vec<Mention<'a>> {
    let mut found = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let Some(name) = token.name() else { continue };
        let column = columns.iter().find(|column| column.eq_ignore_ascii_case(&name));
        let Some(column) = column else { continue };
        let after = &tokens[index + 1..];
        // The name of a table before a column, or of a function.
        if after.first().is_some_and(|next| next.text == "." || next.kind == TokenKind::Open) {
            continue;
        }
        let mut first = index;
        while first >= 2 && tokens[first - 1].text == "." && tokens[first - 2].name().is_some() {
            first -= 2;
        }
        // What it is called in the answer.
        if first >= 1 && tokens[first - 1].is("AS") {
            continue;
        }
        let alone = first >= 2
            && tokens[first - 1].kind == TokenKind::Open
            && after.first().is_some_and(|next| next.kind == TokenKind::Close);
        let function = alone.then(|| tokens[first - 2].text);
        found.push(Mention { column, function, after });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::statement::Dialect;
    use crate::source::statement::tokens::tokens;

    #[test]
    fn columns_are_found_wherever_they_are_named() {
        let sql = "SELECT count(*) AS paid, max(o.paid) AS \"paid\", UNIX_TIMESTAMP(`Paid`) -- paid\n\
                   FROM paid.orders o WHERE 'paid' < o.`paid` AND paid AT TIME ZONE 'UTC' > 1";
        let tokens = tokens(Dialect::MySql, sql);
        let columns = ["paid".to_owned()];
        let found = mentions(&tokens, &columns);
        let functions: Vec<_> = found.iter().map(|mention| mention.function).collect();
        assert_eq!(functions, [Some("max"), Some("UNIX_TIMESTAMP"), None, None]);
        assert!(found[3].after[0].is("at") && found[3].after[3].text == "'UTC'");
    }
}
