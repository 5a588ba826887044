use super::*;
use proptest::prelude::*;
use serde_json::json;

fn data() -> Value {
    json!({
        "amount": 120, "rate": 0.5, "name": "Ann", "paid": true, "none": null,
        "lines": [{"price": 2, "count": 3}, {"price": 5, "count": 1}],
        "odd name": 7
    })
}

fn check(source: &str, expected: Value) {
    let expression = Expression::parse(source).unwrap();
    assert_eq!(expression.evaluate(&data()), Ok(expected), "{source}");
}

fn check_fails(source: &str) {
    let expression = Expression::parse(source).unwrap();
    assert!(expression.evaluate(&data()).is_err(), "{source}");
}

fn check_refused(source: &str) {
    let refusal = Expression::parse(source).unwrap_err();
    assert_eq!(refusal.code, Code::ActionConfigurationInvalid, "{source}");
}

#[test]
fn expressions_read_the_data_by_name() {
    check("amount > 100 && paid", json!(true));
    check("amount * 2", json!(240));
    check("rate * 2.0", json!(1.0));
    check("double(amount) * rate", json!(60.0));
    check("name + '!'", json!("Ann!"));
    check("none == null", json!(true));
    check("lines.map(l, l.price * l.count)", json!([6, 5]));
    check("lines.filter(l, l.count > 1)[0].price", json!(2));
    check("lines.exists(l, l.price == 5) ? 'yes' : 'no'", json!("yes"));
    check(
        "{'total': amount, 'list': [1, 2.5]}",
        json!({"total": 120, "list": [1, 2.5]}),
    );
    check("context['odd name']", json!(7));
    check("has(context.missing)", json!(false));
    check("size(lines)", json!(2));
}

#[test]
fn faults_are_sentences_not_panics() {
    check_fails("missing + 1");
    check_fails("lines[9]");
    check_fails("amount / 0");
    check_fails("9223372036854775807 + 1");
    check_fails("name + 1");
    check_fails("0.0 / 0.0");
    check_fails("unknown(1)");
}

#[test]
fn sources_that_break_a_bound_are_refused() {
    check_refused("");
    check_refused("1 +");
    check_refused("@");
    check_refused(&format!("'{}'", "x".repeat(MAX_SOURCE)));
    check_refused(&format!("{}1{}", "(".repeat(100), ")".repeat(100)));
    check_refused("l.map(a, l.map(b, l.map(c, a + b + c)))");
    check(
        "lines.map(a, lines.map(b, a.price * b.price))",
        json!([[4, 10], [10, 25]]),
    );
    check_refused(&vec!["1"; 2000].join("+"));
}

#[test]
fn sources_made_to_exhaust_the_parser_are_refused_quickly() {
    for (open, close) in [
        ("(", ""),
        ("[", ""),
        ("{", ""),
        ("-", "1"),
        ("!", "true"),
        ("a?", ""),
        ("a.", ""),
        ("a[", ""),
        ("1+", "1"),
        ("a?b:", "c"),
        ("a&&", "a"),
        ("f(", ""),
        ("'", ""),
        ("\"\"\"", ""),
        ("0x", ""),
        ("[[[[", "]]]]"),
    ] {
        for length in [30, 120, 1000, MAX_SOURCE] {
            let count = (length / open.len()).max(1);
            let source = format!("{}{close}", open.repeat(count));
            if let Ok(expression) = Expression::parse(&source) {
                let _ = expression.evaluate(&data());
            }
        }
    }
}

#[test]
fn data_that_makes_the_work_too_large_is_refused() {
    let nested = Expression::parse("lines.map(a, lines.map(b, a + b))").unwrap();
    let numbers = |count: usize| json!({"lines": (0..count).collect::<Vec<_>>()});
    assert!(nested.evaluate(&numbers(100)).is_ok());
    assert!(nested.evaluate(&numbers(10_000)).is_err());
    let copies = Expression::parse("lines.map(a, lines)").unwrap();
    assert!(copies.evaluate(&numbers(10)).is_ok());
    assert!(copies.evaluate(&numbers(10_000)).is_err());
    let picked = Expression::parse("lines.filter(a, a > limit).map(a, a * 2 + 1 + 1 + 1)").unwrap();
    let mut orders = numbers(10_000);
    orders["limit"] = json!(9_998);
    assert_eq!(picked.evaluate(&orders), Ok(json!([20_001])));
    let text = json!({"s": "x".repeat(1_000_000)});
    let joined = |count: usize| {
        let source = vec!["(s+s+s+s+s+s+s+s)"; count].join("+");
        Expression::parse(&source).unwrap().evaluate(&text).is_ok()
    };
    assert!(joined(2) && !joined(10));
    let size = Expression::parse("size(lines)").unwrap();
    assert_eq!(size.evaluate(&numbers(10_000)), Ok(json!(10_000)));
    assert!(size.evaluate(&numbers(10_001)).is_err());
    let mut deep = json!(1);
    for _ in 0..200 {
        deep = json!([deep]);
    }
    assert!(size.evaluate(&json!({"lines": deep})).is_err());
}

#[test]
fn the_names_it_reads_are_known() {
    let expression = Expression::parse("lines.map(l, l.price * rate).size() > limit").unwrap();
    assert_eq!(expression.variables(), ["limit", "lines", "rate"]);
}

#[test]
fn only_the_form_with_one_field_is_read() {
    assert!(Expression::parse_json(&json!({"expression": "1"})).is_ok());
    for value in [
        json!({"expression": 1}),
        json!({"other": "1"}),
        json!("1"),
        json!({}),
    ] {
        assert!(Expression::parse_json(&value).is_err());
    }
    let read: Expression = serde_json::from_value(json!({"expression": "1 +"})).unwrap();
    assert!(read.evaluate(&json!({})).is_err());
    assert_eq!(
        format!("{read:?} {}", read.source()),
        "Expression(\"1 +\") 1 +"
    );
}

proptest! {
    #[test]
    fn no_source_panics(source in "[a-z0-9 .,'\"()\\[\\]{}+*/%<>=!&|?:-]{0,60}") {
        if let Ok(expression) = Expression::parse(&source) {
            let _ = expression.evaluate(&data());
        }
    }

    #[test]
    fn likely_sources_do_not_panic(parts in prop::collection::vec(
        prop::sample::select(vec!["lines", "amount", "name", ".map(x, ", ".filter(x, ", ")", "x", "[0]",
            " + ", " - ", " * ", " / ", " % ", " ? ", " : ", "'a'", "1", "-1", "1.5", "0u", "(", "{", "}",
            " in ", " == ", "!", ".size()", "size(", "has(", "string(", "int(", "double(", "b'x'", "null",
            ".contains(", ".startsWith(", "9223372036854775807", "dyn(", "type(", ","]), 1..12)
    ) {
        let source = parts.concat();
        if let Ok(expression) = Expression::parse(&source) {
            let _ = expression.evaluate(&data());
        }
    }
}
