//! SQL text as statements, as far as looking at migrations needs it.

/// One statement of a migration.
#[derive(Debug)]
pub(super) struct Statement {
    /// Where it starts, counted from 1.
    pub(super) line: usize,
    /// Its words in lower case: names with their dots and quotes, without comments, texts, bodies and punctuation.
    pub(super) words: Vec<String>,
}

/// Splits at the semicolons outside of texts, comments and bodies.
pub(super) fn statements(sql: &str) -> Vec<Statement> {
    let mut reader = Reader { rest: sql, line: 1 };
    let mut found = Vec::new();
    let mut statement = Statement {
        line: 1,
        words: Vec::new(),
    };
    while let Some(piece) = reader.next() {
        match piece {
            Piece::Word(word, line) => {
                if statement.words.is_empty() {
                    statement.line = line;
                }
                statement.words.push(word.to_lowercase());
            }
            Piece::End => {
                let next = Statement {
                    line: reader.line,
                    words: Vec::new(),
                };
                found.push(std::mem::replace(&mut statement, next));
            }
            Piece::Other => (),
        }
    }
    found.push(statement);
    found.retain(|statement| !statement.words.is_empty());
    found
}

enum Piece<'a> {
    Word(&'a str, usize),
    End,
    Other,
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<Piece<'a>> {
        let first = self.rest.chars().next()?;
        let line = self.line;
        let length = self.length(first);
        let taken = self.take(length);
        Some(match first {
            ';' => Piece::End,
            '"' | '_' => Piece::Word(taken, line),
            letter if letter.is_alphabetic() => Piece::Word(taken, line),
            _ => Piece::Other,
        })
    }

    /// How many bytes belong together from here on.
    fn length(&self, first: char) -> usize {
        let rest = self.rest;
        match first {
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => through(rest, 2, "*/"),
            '\'' => through(rest, 1, "'"),
            '$' => match tag(rest) {
                Some(tag) => through(rest, tag.len(), tag),
                None => 1,
            },
            '"' | '_' => name(rest),
            letter if letter.is_alphabetic() => name(rest),
            other => other.len_utf8(),
        }
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }
}

/// Up to and with the next `end` after `start` bytes.
fn through(text: &str, start: usize, end: &str) -> usize {
    text[start..]
        .find(end)
        .map_or(text.len(), |at| start + at + end.len())
}

/// The opening of a dollar-quoted body.
fn tag(text: &str) -> Option<&str> {
    let end = 1 + text[1..].find('$')?;
    let word = |letter: char| letter.is_alphanumeric() || letter == '_';
    text[1..end].chars().all(word).then(|| &text[..=end])
}

/// A name with its schema, quoted or not.
fn name(text: &str) -> usize {
    let mut quoted = false;
    let end = text.find(|letter: char| {
        if letter == '"' {
            quoted = !quoted;
        }
        !(quoted || letter.is_alphanumeric() || matches!(letter, '_' | '.' | '"'))
    });
    end.unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sql: &str, expected: &[&str]) {
        let found: Vec<String> = statements(sql)
            .iter()
            .map(|statement| statement.words.join(" "))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn semicolons_inside_texts_comments_and_bodies_end_nothing() {
        check(
            "select 'a;b'; -- c;\nselect /* ; */ d",
            &["select", "select d"],
        );
        check("do $x$ begin; end; $x$; select 1;", &["do", "select"]);
        check(
            "do $$ 'it' $$; create table \"a;b\".c ()",
            &["do", "create table \"a;b\".c"],
        );
    }

    #[test]
    fn statements_know_their_line() {
        let lines: Vec<usize> = statements("-- first\n\nselect 1;\n\nselect\n 2;")
            .iter()
            .map(|s| s.line)
            .collect();
        assert_eq!(lines, [3, 5]);
    }
}
