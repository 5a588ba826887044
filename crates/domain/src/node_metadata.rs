//! Search data about one node of any feature.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::error::{Code, DomainError, FieldError, Violations};
use crate::function_model::{Position, RawPosition};
use crate::ids::EntityId;
use crate::instant::Instant;
use crate::limits::{self, JsonObject};
use crate::sorted;
use crate::vocabulary::FeatureType;

const MOST_KEYWORDS: usize = 50;
const MOST_TAGS: usize = 20;
const LONGEST_EMBEDDING: usize = 4096;

/// Describe a node for searching; replaces what was there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DescribeNode {
    /// The kind of node, non-blank, at most 200 characters.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 200)))]
    pub node_type: String,
    /// Where it is drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<RawPosition>,
    /// 1–4096 numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = LONGEST_EMBEDDING)))]
    pub vector_embedding: Option<Vec<f64>>,
    /// At most 50 words, blank and repeated ones dropped.
    #[serde(default)]
    pub search_keywords: Vec<String>,
    /// At most 20 words, blank and repeated ones dropped.
    #[serde(default)]
    pub semantic_tags: Vec<String>,
    /// Settings for agents.
    #[serde(default)]
    pub ai_agent_config: JsonObject,
    /// How it is drawn.
    #[serde(default)]
    pub visual_properties: JsonObject,
}

/// Search data about one node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct NodeMetadata {
    /// The feature of the entity.
    pub feature_type: FeatureType,
    /// The entity the node belongs to.
    pub entity_id: EntityId,
    /// The node.
    pub node_id: EntityId,
    /// The kind of node.
    pub node_type: String,
    /// Where it is drawn.
    pub position: RawPosition,
    /// What it means, as numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vector_embedding: Option<Vec<f64>>,
    /// Words it is found by, in small letters.
    #[serde(default)]
    pub search_keywords: Vec<String>,
    /// What it is about, in small letters.
    #[serde(default)]
    pub semantic_tags: Vec<String>,
    /// Settings for agents.
    #[serde(default)]
    pub ai_agent_config: JsonObject,
    /// How it is drawn.
    #[serde(default)]
    pub visual_properties: JsonObject,
    /// When it was first described.
    pub created_at: Instant,
    /// When it was last described.
    pub updated_at: Instant,
    /// Rises with every change.
    pub revision: i64,
}

/// Trimmed, in small letters, without blanks and repetitions.
fn normalized(given: &[String]) -> Vec<String> {
    let mut kept: Vec<String> = Vec::with_capacity(given.len());
    for word in given {
        let word = word.trim().to_lowercase();
        if !word.is_empty() && !kept.contains(&word) {
            kept.push(word);
        }
    }
    kept
}

fn words(given: &[String], field: &str, most: usize, violations: &mut Violations) -> Vec<String> {
    let code = Code::NodeMetadataInvalid;
    if given.len() > 10 * most {
        violations.add(code, FieldError::new(field, "length").limit(most));
        return Vec::new();
    }
    let kept = normalized(given);
    if kept.len() > most {
        violations.add(code, FieldError::new(field, "length").limit(most));
    }
    for (index, word) in kept.iter().enumerate() {
        violations.take(
            &format!("{field}[{index}]"),
            limits::text(word, 1, 200, code),
        );
    }
    kept
}

/// Checks numbers that stand for a meaning.
fn check_embedding(embedding: &[f64], field: &str, violations: &mut Violations) {
    let code = Code::NodeMetadataInvalid;
    if embedding.is_empty() || embedding.len() > LONGEST_EMBEDDING {
        let limit = json!({"min": 1, "max": LONGEST_EMBEDDING});
        violations.add(code, FieldError::new(field, "length").limit(limit));
    }
    if embedding.iter().any(|number| !number.is_finite()) {
        violations.add(code, FieldError::new(field, "finite"));
    }
}

impl DescribeNode {
    /// The description of this node, checked.
    ///
    /// # Errors
    /// `NODE_METADATA_INVALID` with every field; `DOCUMENT_TOO_LARGE`.
    pub fn describe(
        &self,
        feature_type: FeatureType,
        entity_id: EntityId,
        node_id: EntityId,
        now: Instant,
    ) -> Result<NodeMetadata, DomainError> {
        let code = Code::NodeMetadataInvalid;
        let mut violations = Violations::new();
        let node_type = violations.take("nodeType", limits::text(&self.node_type, 1, 200, code));
        let position = self.position.unwrap_or(RawPosition { x: 0.0, y: 0.0 });
        if let Err(refusal) = Position::new(position.x, position.y) {
            for mut error in refusal.errors {
                error.field = format!("position.{}", error.field);
                violations.add(code, error);
            }
        }
        if let Some(embedding) = &self.vector_embedding {
            check_embedding(embedding, "vectorEmbedding", &mut violations);
        }
        let keywords = &self.search_keywords;
        let keywords = words(keywords, "searchKeywords", MOST_KEYWORDS, &mut violations);
        let tags = words(
            &self.semantic_tags,
            "semanticTags",
            MOST_TAGS,
            &mut violations,
        );
        violations.take("aiAgentConfig", limits::document(&self.ai_agent_config));
        violations.take(
            "visualProperties",
            limits::document(&self.visual_properties),
        );
        violations.finish()?;
        Ok(NodeMetadata {
            feature_type,
            entity_id,
            node_id,
            node_type: node_type.unwrap_or_default(),
            position,
            vector_embedding: self.vector_embedding.clone(),
            search_keywords: keywords,
            semantic_tags: tags,
            ai_agent_config: self.ai_agent_config.clone(),
            visual_properties: self.visual_properties.clone(),
            created_at: now,
            updated_at: now,
            revision: 1,
        })
    }
}

fn add_word(
    list: &mut Vec<String>,
    word: &str,
    field: &str,
    most: usize,
) -> Result<(), DomainError> {
    let refuse = |rule: &str| {
        let message = "The word cannot be added.";
        DomainError::field(
            Code::NodeMetadataInvalid,
            message,
            FieldError::new(field, rule),
        )
    };
    let word = limits::text(&word.to_lowercase(), 1, 200, Code::NodeMetadataInvalid)?;
    if list.contains(&word) {
        return Err(refuse("unique"));
    }
    if list.len() >= most {
        return Err(refuse("length"));
    }
    list.push(word);
    Ok(())
}

fn remove_word(list: &mut Vec<String>, word: &str, field: &str) -> Result<(), DomainError> {
    let word = word.trim().to_lowercase();
    let Some(place) = list.iter().position(|known| *known == word) else {
        let error = FieldError::new(field, "unknown").value(word);
        let message = "The word is not there.";
        return Err(DomainError::field(
            Code::NodeMetadataInvalid,
            message,
            error,
        ));
    };
    list.remove(place);
    Ok(())
}

impl NodeMetadata {
    /// Adds a keyword.
    ///
    /// # Errors
    /// `NODE_METADATA_INVALID` when it is blank, there already, or one too many.
    pub fn add_keyword(&mut self, word: &str) -> Result<(), DomainError> {
        add_word(
            &mut self.search_keywords,
            word,
            "searchKeywords",
            MOST_KEYWORDS,
        )
    }

    /// Removes a keyword.
    ///
    /// # Errors
    /// `NODE_METADATA_INVALID` when it is not there.
    pub fn remove_keyword(&mut self, word: &str) -> Result<(), DomainError> {
        remove_word(&mut self.search_keywords, word, "searchKeywords")
    }

    /// Adds a tag.
    ///
    /// # Errors
    /// `NODE_METADATA_INVALID` when it is blank, there already, or one too many.
    pub fn add_tag(&mut self, word: &str) -> Result<(), DomainError> {
        add_word(&mut self.semantic_tags, word, "semanticTags", MOST_TAGS)
    }

    /// Removes a tag.
    ///
    /// # Errors
    /// `NODE_METADATA_INVALID` when it is not there.
    pub fn remove_tag(&mut self, word: &str) -> Result<(), DomainError> {
        remove_word(&mut self.semantic_tags, word, "semanticTags")
    }

    /// Whether some keyword holds the text, in any case of letters.
    pub fn matches_keyword(&self, text: &str) -> bool {
        let text = text.trim().to_lowercase();
        self.search_keywords.iter().any(|word| word.contains(&text))
    }

    /// Whether this very tag is there, in any case of letters.
    pub fn has_tag(&self, tag: &str) -> bool {
        let tag = tag.trim().to_lowercase();
        self.semantic_tags.contains(&tag)
    }

    /// How alike two meanings are: −1 to 1, and 0 when one is missing or they cannot be compared.
    pub fn cosine_similarity(&self, other: &[f64]) -> f64 {
        self.vector_embedding
            .as_deref()
            .map_or(0.0, |own| cosine_similarity(own, other))
    }
}

/// The cosine of the angle between two vectors, 0 when lengths differ or one has no direction.
pub fn cosine_similarity(one: &[f64], other: &[f64]) -> f64 {
    if one.len() != other.len() {
        return 0.0;
    }
    let norm = |vector: &[f64]| vector.iter().map(|x| x * x).sum::<f64>().sqrt();
    let norms = norm(one) * norm(other);
    if norms == 0.0 || !norms.is_finite() {
        return 0.0;
    }
    let product: f64 = one.iter().zip(other).map(|(x, y)| x * y).sum();
    (product / norms).clamp(-1.0, 1.0)
}

/// Ask for nodes that mean something similar.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FindSimilarNodes {
    /// 1–4096 numbers.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = LONGEST_EMBEDDING)))]
    pub vector: Vec<f64>,
    /// Only nodes of this feature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature_type: Option<FeatureType>,
    /// 1–100; 10 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 100)))]
    pub limit: Option<i64>,
    /// The least similarity, −1 to 1; 0 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = -1, max = 1)))]
    pub minimum: Option<f64>,
}

/// A node that was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct SimilarNode {
    /// The node.
    pub node: NodeMetadata,
    /// −1 to 1.
    pub similarity: f64,
}

/// The nodes that were found.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SimilarNodes {
    /// The most similar first.
    pub items: Vec<SimilarNode>,
}

impl FindSimilarNodes {
    /// Checks the question; answers how many nodes, and how alike they must be.
    ///
    /// # Errors
    /// `NODE_METADATA_INVALID` with every field.
    pub fn checked(&self) -> Result<(usize, f64), DomainError> {
        let code = Code::NodeMetadataInvalid;
        let mut violations = Violations::new();
        check_embedding(&self.vector, "vector", &mut violations);
        let limit = self.limit.unwrap_or(10);
        if !(1..=100).contains(&limit) {
            let range = json!({"min": 1, "max": 100});
            violations.add(code, FieldError::new("limit", "range").limit(range));
        }
        let minimum = self.minimum.unwrap_or(0.0);
        if !(-1.0..=1.0).contains(&minimum) {
            let range = json!({"min": -1, "max": 1});
            violations.add(code, FieldError::new("minimum", "range").limit(range));
        }
        violations.finish()?;
        Ok((usize::try_from(limit).unwrap_or(10), minimum))
    }

    /// The nodes that are alike enough, the most similar first; ties by node.
    ///
    /// # Errors
    /// As [`FindSimilarNodes::checked`].
    pub fn answer(&self, nodes: Vec<NodeMetadata>) -> Result<SimilarNodes, DomainError> {
        let (limit, minimum) = self.checked()?;
        let similarity = |node: NodeMetadata| SimilarNode {
            similarity: (node.cosine_similarity(&self.vector) * 1e6).round() / 1e6,
            node,
        };
        let mut items: Vec<SimilarNode> = nodes
            .into_iter()
            .map(similarity)
            .filter(|found| found.similarity >= minimum)
            .collect();
        sorted::sort_by(&mut items, |one, other| {
            let falling = other.similarity.total_cmp(&one.similarity);
            falling.then_with(|| one.node.node_id.cmp(&other.node.node_id))
        });
        items.truncate(limit);
        Ok(SimilarNodes { items })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u32) -> EntityId {
        EntityId::parse(&format!("0192aaaa-0000-7000-8000-{n:0>12x}")).unwrap()
    }

    fn command() -> DescribeNode {
        DescribeNode {
            node_type: " stageNode ".into(),
            position: None,
            vector_embedding: None,
            search_keywords: vec![],
            semantic_tags: vec![],
            ai_agent_config: JsonObject::new(),
            visual_properties: JsonObject::new(),
        }
    }

    fn described(command: &DescribeNode, node: u32) -> Result<NodeMetadata, DomainError> {
        let feature = FeatureType::FunctionModel;
        command.describe(feature, id(1), id(node), Instant::from_millis(0))
    }

    #[test]
    fn lists_are_normalized_silently() {
        let mut command = command();
        command.search_keywords = [" Tax ", "tax", "", "Law"].map(String::from).to_vec();
        command.semantic_tags = vec!["VAT".into()];
        let mut node = described(&command, 2).unwrap();
        assert_eq!(node.search_keywords, ["tax", "law"]);
        assert!(node.matches_keyword("LA") && !node.matches_keyword("lax"));
        assert!(node.has_tag("vat") && !node.has_tag("va"));
        assert_eq!(node.node_type, "stageNode");
        node.add_keyword(" New ").unwrap();
        assert_eq!(node.search_keywords, ["tax", "law", "new"]);
        for (bad, rule) in [(" ", "length"), ("TAX", "unique")] {
            assert_eq!(node.add_keyword(bad).unwrap_err().errors[0].rule, rule);
        }
        node.remove_keyword("TAX").unwrap();
        assert_eq!(
            node.remove_keyword("tax").unwrap_err().code,
            Code::NodeMetadataInvalid
        );
        for n in 1..MOST_TAGS {
            node.add_tag(&n.to_string()).unwrap();
        }
        assert_eq!(node.add_tag("more").unwrap_err().errors[0].rule, "length");
        node.remove_tag("vat").unwrap();
        assert!(node.remove_tag("vat").is_err());
    }

    #[test]
    fn every_limit_is_told_at_once() {
        let bad = DescribeNode {
            node_type: " ".into(),
            position: Some(RawPosition {
                x: 10_001.0,
                y: 0.0,
            }),
            vector_embedding: Some(vec![]),
            search_keywords: (0..51).map(|n| n.to_string()).collect(),
            semantic_tags: (0..21).map(|n| n.to_string()).collect(),
            ..command()
        };
        let refusal = described(&bad, 2).unwrap_err();
        assert_eq!(refusal.code, Code::NodeMetadataInvalid);
        let fields: Vec<&str> = refusal.errors.iter().map(|e| e.field.as_str()).collect();
        let expected = [
            "nodeType",
            "position.x",
            "vectorEmbedding",
            "searchKeywords",
            "semanticTags",
        ];
        assert_eq!(fields, expected);
        let mut bad = command();
        bad.vector_embedding = Some(vec![f64::NAN]);
        assert_eq!(described(&bad, 2).unwrap_err().errors[0].rule, "finite");
    }

    #[test]
    fn similarity_is_the_cosine() {
        assert_eq!(cosine_similarity(&[1.0, 0.0], &[2.0, 0.0]), 1.0);
        assert_eq!(cosine_similarity(&[1.0, 0.0], &[0.0, 2.0]), 0.0);
        assert_eq!(cosine_similarity(&[1.0, 0.0], &[-3.0, 0.0]), -1.0);
        assert_eq!(cosine_similarity(&[1.0], &[1.0, 0.0]), 0.0);
        assert_eq!(cosine_similarity(&[0.0], &[1.0]), 0.0);
        assert_eq!(
            described(&command(), 2).unwrap().cosine_similarity(&[1.0]),
            0.0
        );
    }

    #[test]
    fn the_most_similar_come_first() {
        let node = |n, vector: [f64; 2]| {
            let mut command = command();
            command.vector_embedding = Some(vector.to_vec());
            described(&command, n).unwrap()
        };
        let nodes = vec![
            node(2, [0.0, 1.0]),
            node(4, [1.0, 0.0]),
            node(3, [1.0, 0.0]),
            node(5, [-1.0, 0.0]),
        ];
        let mut question = FindSimilarNodes {
            vector: vec![1.0, 0.0],
            feature_type: None,
            limit: None,
            minimum: None,
        };
        let found = question.answer(nodes.clone()).unwrap();
        let ids: Vec<EntityId> = found.items.iter().map(|item| item.node.node_id).collect();
        assert_eq!(ids, [id(3), id(4), id(2)]);
        question.limit = Some(1);
        assert_eq!(question.answer(nodes).unwrap().items.len(), 1);
        question.limit = Some(0);
        question.minimum = Some(2.0);
        question.vector = vec![];
        assert_eq!(question.checked().unwrap_err().errors.len(), 3);
    }
}
