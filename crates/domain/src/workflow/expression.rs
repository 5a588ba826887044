//! Expressions of the Common Expression Language, bounded before they run.
//!
//! The language has no step limit of its own, so the work is bounded beforehand: by the length of
//! the source, by the shape of the parsed expression and by the size of the data it sees.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, LazyLock};

use cel::common::ast::{EntryExpr, Expr};
use cel::parser::PrattParser;
use cel::{Context, Env, IdedExpr};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::expression_values::{from_json, largest_list, to_json};
use crate::error::{Code, DomainError, FieldError};
use crate::limits;

/// Most bytes of source.
pub const MAX_SOURCE: usize = 4096;
/// Most comprehensions (`map`, `filter`, `all`, `exists` …) inside one another.
pub const MAX_COMPREHENSIONS: usize = 2;
/// Most items of a list or entries of an object that an expression sees.
pub const MAX_LIST: usize = 10_000;
/// Deepest nesting of the parsed expression; every level costs stack when it is evaluated.
const MAX_DEPTH: usize = 32;
/// Most evaluated nodes, as far as sizes and shapes foretell them.
const MAX_STEPS: usize = 5_000_000;
/// Deepest nesting and most bytes of the data an expression sees.
const MAX_DATA: (usize, usize) = (100, 8 * 1024 * 1024);

/// The source of an expression that compiles and keeps the bounds.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expression {
    expression: String,
}

static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// `ACTION_CONFIGURATION_INVALID` when it is too long, does not compile or breaks a bound.
    pub fn parse(source: &str) -> Result<Self, DomainError> {
        compile(source).map_err(|reason| refused("expression", &reason))?;
        Ok(Self {
            expression: source.to_owned(),
        })
    }

    /// Reads `{"expression": "…"}`.
    ///
    /// # Errors
    /// `ACTION_CONFIGURATION_INVALID`, also for any other field.
    pub fn parse_json(value: &Value) -> Result<Self, DomainError> {
        match value.as_object() {
            Some(object) if object.len() == 1 => match object.get("expression") {
                Some(Value::String(source)) => Self::parse(source),
                _ => Err(refused("type", "{\"expression\": \"…\"}")),
            },
            _ => Err(refused("type", "{\"expression\": \"…\"}")),
        }
    }

    /// The source.
    pub fn source(&self) -> &str {
        &self.expression
    }

    /// The names of data it reads, without those that it introduces itself; nothing when it does
    /// not compile.
    pub fn variables(&self) -> Vec<String> {
        let Ok(parsed) = compile(&self.expression) else {
            return Vec::new();
        };
        let references = parsed.root.references();
        let names = references.variables();
        let own = |name: &&str| parsed.shape.introduced.iter().any(|other| other == name);
        let read = names.into_iter().filter(|name| !own(name));
        let sorted: BTreeSet<String> = read.map(str::to_owned).collect();
        sorted.into_iter().collect()
    }

    /// The value for some data. The top-level names of the data are variables, and `context` is
    /// the data as a whole, for names that are no identifiers.
    ///
    /// # Errors
    /// A sentence: the source breaks a bound, the data is too large, or evaluation failed.
    pub fn evaluate(&self, data: &Value) -> Result<Value, String> {
        let parsed = compile(&self.expression)?;
        let names = parsed.root.references();
        let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
        let mut largest = parsed.shape.longest_list;
        let mut bind = |name: &str, value: &Value| -> Result<(), String> {
            limits::value(value, MAX_DATA.1, MAX_DATA.0)
                .map_err(|_| format!("The value of {name} is too large for an expression."))?;
            largest = largest.max(largest_list(value));
            if largest > MAX_LIST {
                return Err(format!(
                    "{name} holds a list of more than {MAX_LIST} items."
                ));
            }
            context.add_variable_from_value(name, from_json(value));
            Ok(())
        };
        for (name, value) in data.as_object().into_iter().flatten() {
            if names.has_variable(name) {
                bind(name, value)?;
            }
        }
        let whole = data.get("context").is_none() && names.has_variable("context");
        if whole {
            bind("context", data)?;
        }
        if parsed.shape.steps(largest) > MAX_STEPS {
            return Err("The expression would take too many steps for this data.".to_owned());
        }
        let value = cel::Value::resolve(&parsed.root, &context);
        let value = value.map_err(|error| shortened(&error.to_string()))?;
        to_json(&value, MAX_DATA.0)
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expression({:?})", self.expression)
    }
}

fn refused(rule: &str, limit: &str) -> DomainError {
    DomainError::field(
        Code::ActionConfigurationInvalid,
        "The expression cannot be used.",
        FieldError::new("", rule).limit(limit),
    )
}

/// Errors repeat values, which may be long.
fn shortened(text: &str) -> String {
    text.chars().take(300).collect()
}

/// A parsed expression with what is known about the work it takes.
struct Parsed {
    root: IdedExpr,
    shape: Shape,
}

/// What bounds the work of an expression.
#[derive(Default)]
struct Shape {
    /// Nodes by the number of comprehensions around them.
    nodes: [usize; MAX_COMPREHENSIONS + 1],
    /// Items of the longest list literal.
    longest_list: usize,
    /// Additions, each of which may double a list.
    additions: usize,
    /// Names that comprehensions introduce.
    introduced: Vec<String>,
}

impl Shape {
    /// Most nodes evaluated when no list is longer than this.
    fn steps(&self, longest: usize) -> usize {
        let reach = longest.max(1).saturating_mul(self.additions + 1);
        let mut factor = 1_usize;
        let mut steps = 0_usize;
        for nodes in self.nodes {
            steps = steps.saturating_add(nodes.saturating_mul(factor));
            factor = factor.saturating_mul(reach);
        }
        steps
    }
}

fn compile(source: &str) -> Result<Parsed, String> {
    if source.trim().is_empty() {
        return Err("An expression is needed.".to_owned());
    }
    if source.len() > MAX_SOURCE {
        return Err(format!("An expression has at most {MAX_SOURCE} bytes."));
    }
    if bracket_depth(source) > MAX_DEPTH {
        return Err(format!("Brackets nest at most {MAX_DEPTH} deep."));
    }
    let parser = PrattParser::default()
        .max_recursion_depth(MAX_DEPTH as u16)
        .error_recovery_limit(4);
    let root = parser
        .parse(source)
        .map_err(|error| shortened(&error.to_string()))?;
    let shape = measure(&root)?;
    Ok(Parsed { root, shape })
}

/// How deep brackets nest, those in texts included.
fn bracket_depth(source: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0_usize);
    for sign in source.bytes() {
        match sign {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// Walks the expression without recursion and refuses what breaks a bound.
fn measure(root: &IdedExpr) -> Result<Shape, String> {
    let mut shape = Shape::default();
    let mut open = vec![(root, 0_usize, 1_usize)];
    while let Some((node, loops, depth)) = open.pop() {
        if loops > MAX_COMPREHENSIONS {
            return Err(format!(
                "Comprehensions nest at most {MAX_COMPREHENSIONS} deep."
            ));
        }
        if depth > MAX_DEPTH {
            return Err("The expression nests too deep.".to_owned());
        }
        shape.nodes[loops] += 1;
        let below = depth + 1;
        match &node.expr {
            Expr::Call(call) => {
                shape.additions += usize::from(call.func_name == "_+_");
                open.extend(call.target.iter().map(|e| (&**e, loops, below)));
                open.extend(call.args.iter().map(|e| (e, loops, below)));
            }
            Expr::Comprehension(inner) => {
                let names = [
                    Some(&inner.iter_var),
                    inner.iter_var2.as_ref(),
                    Some(&inner.accu_var),
                ];
                shape
                    .introduced
                    .extend(names.into_iter().flatten().cloned());
                open.push((&inner.iter_range, loops, below));
                open.push((&inner.accu_init, loops, below));
                open.push((&inner.result, loops, below));
                open.push((&inner.loop_cond, loops + 1, below));
                open.push((&inner.loop_step, loops + 1, below));
            }
            Expr::List(list) => {
                shape.longest_list = shape.longest_list.max(list.elements.len());
                open.extend(list.elements.iter().map(|e| (e, loops, below)));
            }
            Expr::Map(map) => extend_entries(&map.entries, loops, below, &mut open),
            Expr::Struct(object) => extend_entries(&object.entries, loops, below, &mut open),
            Expr::Select(select) => open.push((&select.operand, loops, below)),
            Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => {}
        }
    }
    Ok(shape)
}

fn extend_entries<'a>(
    entries: &'a [cel::common::ast::IdedEntryExpr],
    loops: usize,
    depth: usize,
    open: &mut Vec<(&'a IdedExpr, usize, usize)>,
) {
    for entry in entries {
        match &entry.expr {
            EntryExpr::StructField(field) => open.push((&field.value, loops, depth)),
            EntryExpr::MapEntry(entry) => {
                open.push((&entry.key, loops, depth));
                open.push((&entry.value, loops, depth));
            }
        }
    }
}

#[cfg(test)]
mod tests;
