//! Expressions of the Common Expression Language, bounded before they run.
//!
//! The language has no step limit of its own, so the work is bounded beforehand: by the length of
//! the source, by the shape of the parsed expression and by the size of the data it sees.

use crate::sorted::{SortedMap, SortedSet};
use std::fmt;
use std::sync::{Arc, LazyLock};

use cel::common::ast::{EntryExpr, Expr, IdedEntryExpr};
use cel::parser::PrattParser;
use cel::{Context, Env, IdedExpr};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::expression_values::{Weight, from_json, to_json, weigh};
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
const MAX_STEPS: usize = 2_000_000;
/// Most bytes copied while evaluating, foretold likewise.
const MAX_COPIED: usize = 64 * 1024 * 1024;
/// Deepest nesting and most bytes of the data an expression sees.
const MAX_DATA: (usize, usize) = (100, 8 * 1024 * 1024);

/// The source of an expression that compiles and keeps the bounds.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
        let sorted: SortedSet<String> = read.map(str::to_owned).collect();
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
        let mut sizes = Sizes::default();
        let mut bind = |name: &str, value: &Value| -> Result<(), String> {
            limits::value(value, MAX_DATA.1, MAX_DATA.0)
                .map_err(|_| format!("The value of {name} is too large for an expression."))?;
            sizes.add(name, weigh(value));
            if sizes.longest_list > MAX_LIST {
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
        if data.get("context").is_none() && names.has_variable("context") {
            bind("context", data)?;
        }
        parsed.shape.check(&sizes)?;
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
    /// Names that are read, with the number of comprehensions around them.
    reads: Vec<(String, usize)>,
    /// Items of the longest list literal.
    longest_list: usize,
    /// Additions in what comprehensions range over; each may join another list.
    additions: usize,
    /// Names that comprehensions introduce.
    introduced: Vec<String>,
}

/// How large the data is that an expression reads.
#[derive(Default)]
struct Sizes {
    /// Bytes by name, estimated.
    bytes: SortedMap<String, usize>,
    /// Bytes of the largest item of a list.
    largest_item: usize,
    /// Items of the longest list.
    longest_list: usize,
}

impl Sizes {
    fn add(&mut self, name: &str, weight: Weight) {
        self.bytes.insert(name.to_owned(), weight.bytes);
        self.largest_item = self.largest_item.max(weight.largest_item);
        self.longest_list = self.longest_list.max(weight.longest_list);
    }
}

impl Shape {
    /// Refuses data that would make the work too large. Nothing is evaluated more often than the
    /// lists around it have items, and no value grows but by what is read.
    fn check(&self, sizes: &Sizes) -> Result<(), String> {
        let longest = sizes.longest_list.max(self.longest_list).max(1);
        let reach = longest.saturating_mul(self.additions + 1);
        let times = |loops: usize| (0..loops).fold(1_usize, |n, _| n.saturating_mul(reach));
        let nodes = self.nodes.iter().enumerate();
        let steps = nodes.map(|(loops, nodes)| nodes.saturating_mul(times(loops)));
        if steps.fold(0, usize::saturating_add) > MAX_STEPS {
            return Err("The expression would take too many steps for this data.".to_owned());
        }
        let copied = self.reads.iter().map(|(name, loops)| {
            let bytes = sizes.bytes.get(name).copied();
            bytes
                .unwrap_or(sizes.largest_item)
                .saturating_mul(times(*loops))
        });
        if copied.fold(0, usize::saturating_add) > MAX_COPIED {
            return Err("The expression would need too much memory for this data.".to_owned());
        }
        Ok(())
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

/// A node on the way, with what stands around it.
#[derive(Clone, Copy)]
struct Visit<'a> {
    node: &'a IdedExpr,
    /// Comprehensions around it.
    loops: usize,
    /// Nodes above it.
    depth: usize,
    /// Whether a comprehension ranges over it.
    in_range: bool,
}

impl<'a> Visit<'a> {
    fn below(self, node: &'a IdedExpr) -> Self {
        Self {
            node,
            depth: self.depth + 1,
            ..self
        }
    }
}

/// Walks the expression without recursion and refuses what breaks a bound.
fn measure(root: &IdedExpr) -> Result<Shape, String> {
    let mut shape = Shape::default();
    let mut open = vec![Visit {
        node: root,
        loops: 0,
        depth: 1,
        in_range: false,
    }];
    while let Some(visit) = open.pop() {
        let Some(nodes) = shape.nodes.get_mut(visit.loops) else {
            return Err(format!(
                "Comprehensions nest at most {MAX_COMPREHENSIONS} deep."
            ));
        };
        *nodes += 1;
        if visit.depth > MAX_DEPTH {
            return Err("The expression nests too deep.".to_owned());
        }
        shape.look_into(visit, &mut open);
    }
    Ok(shape)
}

impl Shape {
    /// Notes what a node adds to the work, and opens the nodes below it.
    fn look_into<'a>(&mut self, visit: Visit<'a>, open: &mut Vec<Visit<'a>>) {
        match &visit.node.expr {
            Expr::Call(call) => {
                self.additions += usize::from(visit.in_range && call.func_name == "_+_");
                open.extend(call.target.iter().map(|node| visit.below(node)));
                open.extend(call.args.iter().map(|node| visit.below(node)));
            }
            Expr::Comprehension(inner) => {
                let names = [
                    Some(&inner.iter_var),
                    inner.iter_var2.as_ref(),
                    Some(&inner.accu_var),
                ];
                self.introduced.extend(names.into_iter().flatten().cloned());
                open.push(Visit {
                    in_range: true,
                    ..visit.below(&inner.iter_range)
                });
                open.push(visit.below(&inner.accu_init));
                open.push(visit.below(&inner.result));
                for node in [&inner.loop_cond, &inner.loop_step] {
                    open.push(Visit {
                        loops: visit.loops + 1,
                        ..visit.below(node)
                    });
                }
            }
            Expr::List(list) => {
                self.longest_list = self.longest_list.max(list.elements.len());
                open.extend(list.elements.iter().map(|node| visit.below(node)));
            }
            Expr::Map(map) => {
                open.extend(
                    map.entries
                        .iter()
                        .flat_map(parts)
                        .map(|node| visit.below(node)),
                );
            }
            Expr::Struct(object) => {
                open.extend(
                    object
                        .entries
                        .iter()
                        .flat_map(parts)
                        .map(|node| visit.below(node)),
                );
            }
            Expr::Select(select) => open.push(visit.below(&select.operand)),
            // The result of a comprehension under way has a name of its own, which no source can
            // spell; what goes into it is counted where it is read.
            Expr::Ident(name) if !name.starts_with('@') => {
                self.reads.push((name.clone(), visit.loops));
            }
            Expr::Ident(_) | Expr::Unspecified | Expr::Literal(_) => {}
        }
    }
}

/// The expressions of an entry.
fn parts(entry: &IdedEntryExpr) -> impl Iterator<Item = &IdedExpr> {
    match &entry.expr {
        EntryExpr::StructField(field) => [None, Some(&field.value)],
        EntryExpr::MapEntry(entry) => [Some(&entry.key), Some(&entry.value)],
    }
    .into_iter()
    .flatten()
}

#[cfg(test)]
mod tests;
