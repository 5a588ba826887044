//! Showing where the words of a search stand in a text.

use crate::sorted;

/// The words to look for: in lower case, without those that a search excludes.
///
/// Words are runs of letters and digits; one with a minus sign before it is excluded, and `or`
/// only joins.
pub fn words(query: &str) -> Vec<String> {
    let mut words = Vec::new();
    for part in query
        .split_whitespace()
        .filter(|part| !part.starts_with('-'))
    {
        let pieces = part.split(|sign: char| !sign.is_alphanumeric());
        let pieces = pieces.filter(|piece| !piece.is_empty());
        words.extend(pieces.map(str::to_lowercase).filter(|word| word != "or"));
    }
    sorted::sort(&mut words);
    words.dedup();
    words
}

/// How many characters of a long text are shown around the first word found.
const EXCERPT: usize = 200;

/// The text with every word marked that begins with one of these; none when there is no such word.
///
/// The answer is safe to show as HTML: `&`, `<` and `>` are written as entities and `<mark>` is
/// ours. Of a long text it is an excerpt.
pub fn highlight(text: &str, words: &[String]) -> Option<String> {
    let is_sought = |word: &str| {
        let small = word.to_lowercase();
        words
            .iter()
            .any(|sought| small.starts_with(sought.as_str()))
    };
    let pieces = pieces(text);
    let first = pieces.iter().position(|piece| is_sought(piece))?;
    let before: usize = pieces[..first]
        .iter()
        .map(|piece| piece.chars().count())
        .sum();
    let mut skipped = before.saturating_sub(EXCERPT / 4);
    let mut left = EXCERPT;
    let mut marked = String::new();
    if skipped > 0 {
        marked.push('…');
    }
    for piece in pieces {
        let length = piece.chars().count();
        if skipped > 0 {
            skipped = skipped.saturating_sub(length);
            continue;
        }
        if left < length {
            marked.push('…');
            break;
        }
        left -= length;
        let is_sought = is_sought(piece);
        marked.push_str(if is_sought { "<mark>" } else { "" });
        escape(piece, &mut marked);
        marked.push_str(if is_sought { "</mark>" } else { "" });
    }
    Some(marked)
}

/// The text cut into words and what stands between them.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let in_word = first.is_alphanumeric();
        let end = rest.find(|sign: char| sign.is_alphanumeric() != in_word);
        let (piece, after) = rest.split_at(end.unwrap_or(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

fn escape(text: &str, into: &mut String) {
    for sign in text.chars() {
        match sign {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            other => into.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, query: &str, expected: Option<&str>) {
        assert_eq!(
            highlight(text, &words(query)).as_deref(),
            expected,
            "{query}"
        );
    }

    #[test]
    fn words_that_begin_alike_are_marked() {
        let text = "Order to cash: ordering, reorders";
        let marked = "<mark>Order</mark> to cash: <mark>ordering</mark>, reorders";
        check(text, "order", Some(marked));
        check(text, "ORDER -cash", Some(marked));
        check(
            text,
            "\"to cash\" or nothing",
            Some("Order <mark>to</mark> <mark>cash</mark>: ordering, reorders"),
        );
        check(text, "invoice", None);
        check("Größe", "GRÖ", Some("<mark>Größe</mark>"));
        check("", "a", None);
        assert!(words(" -a or - ").is_empty());
    }

    #[test]
    fn the_text_itself_is_never_markup() {
        check(
            "<b>bold</b> & b",
            "b",
            Some(
                "&lt;<mark>b</mark>&gt;<mark>bold</mark>&lt;/<mark>b</mark>&gt; &amp; <mark>b</mark>",
            ),
        );
    }

    #[test]
    fn long_texts_are_cut_around_the_first_word() {
        let text = format!("{} needle {}", "hay ".repeat(100), "straw ".repeat(100));
        let marked = highlight(&text, &words("needle")).unwrap();
        assert!(marked.starts_with('…') && marked.ends_with('…'), "{marked}");
        assert!(
            marked.contains("hay <mark>needle</mark>")
                || marked.contains("hay  <mark>needle</mark>")
        );
        assert!(marked.chars().count() < 230);
    }
}
