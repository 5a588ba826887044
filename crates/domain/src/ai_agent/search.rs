//! Finding agents by a question in words.

use serde::{Deserialize, Serialize};

use super::agent::Agent;
use super::matching::rounded;
use crate::error::{Code, DomainError, FieldError, Violations};
use crate::limits;
use crate::sorted;
use crate::vocabulary::FeatureType;

/// Search agents in words.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SearchAgents {
    /// 3–1000 characters.
    #[cfg_attr(feature = "schema", schemars(length(min = 3, max = 1000)))]
    pub query: String,
    /// Only agents of this feature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feature_type: Option<FeatureType>,
    /// The domain the question is about, instead of the one its words tell; at most 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 100)))]
    pub domain_focus: Option<String>,
    /// 1–50; 10 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 50)))]
    pub max_results: Option<i64>,
    /// 0–1; 0.2 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 1)))]
    pub min_semantic_score: Option<f64>,
}

/// What a question holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct QueryAnalysis {
    /// The words that matter, at most 20.
    pub keywords: Vec<String>,
    /// The concepts it names.
    pub concepts: Vec<String>,
    /// What the asker wants to do.
    pub intent: String,
    /// What it is about.
    pub domain: String,
    /// `low`, `medium` above 10 words, `high` above 20.
    pub complexity: String,
}

/// An agent that was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Hit {
    /// The agent.
    pub agent: Agent,
    /// 0–1.
    pub score: f64,
    /// Keywords found in its text.
    pub matching_keywords: Vec<String>,
    /// Concepts it meets.
    pub matched_concepts: Vec<String>,
    /// Why it was found, in words.
    pub reasons: Vec<String>,
}

/// What a search answers.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct Hits {
    /// The best first.
    pub items: Vec<Hit>,
    /// What the question was taken for.
    pub query_analysis: QueryAnalysis,
}

const STOP_WORDS: &str = "a an the i me my mine we us our ours you your yours he him his she her hers \
it its they them their theirs this that these those who whom which what am is are was were be been being \
have has had having do does did doing will would shall should can could may might must about above across \
after against along among around at before behind below beneath beside between beyond by down during except \
for from in inside into like near of off on onto out outside over past since through throughout to toward \
towards under until up upon with within without and or but not need find get want";

const CONCEPTS: [(&str, &str); 8] = [
    (
        "data-processing",
        "data process transform clean parse extract",
    ),
    (
        "analysis",
        "analyze analysis insights patterns trends statistics",
    ),
    ("automation", "automate automatic schedule workflow process"),
    (
        "orchestration",
        "orchestrate coordinate manage control workflow",
    ),
    (
        "reporting",
        "report generate create document summary dashboard",
    ),
    ("compliance", "compliance regulatory rules validation audit"),
    (
        "financial",
        "financial money payment transaction accounting budget",
    ),
    (
        "communication",
        "email message notification alert communicate",
    ),
];

const DOMAINS: [(&str, &str); 7] = [
    (
        "financial-services",
        "financial banking payment transaction accounting compliance regulatory",
    ),
    (
        "healthcare",
        "health medical patient clinical diagnosis treatment",
    ),
    (
        "technology",
        "software system application database api cloud",
    ),
    (
        "manufacturing",
        "production manufacturing quality inventory supply",
    ),
    ("marketing", "marketing campaign customer promotion brand"),
    ("education", "education student course learning academic"),
    ("legal", "legal contract compliance regulation law"),
];

/// What an asker may want, by the words that tell it. The first that is found counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Intent {
    Search,
    Assistance,
    Creation,
    Analysis,
    Management,
    General,
}

const INTENTS: [(Intent, &str); 5] = [
    (Intent::Search, "find search locate"),
    (Intent::Assistance, "help assist support"),
    (Intent::Creation, "create generate build"),
    (Intent::Analysis, "analyze review examine"),
    (Intent::Management, "manage control coordinate"),
];

impl Intent {
    fn as_str(self) -> &'static str {
        match self {
            Self::Search => "search",
            Self::Assistance => "assistance",
            Self::Creation => "creation",
            Self::Analysis => "analysis",
            Self::Management => "management",
            Self::General => "general",
        }
    }

    /// How well an agent suits it.
    fn alignment(self, agent: &Agent) -> f64 {
        let can = &agent.capabilities;
        let (suits, well, badly) = match self {
            Self::Search => (can.can_read, 0.8, 0.2),
            Self::Assistance => (can.can_read && can.can_write, 0.7, 0.4),
            Self::Creation => (can.can_write, 0.9, 0.2),
            Self::Analysis => (can.can_analyze, 1.0, 0.1),
            Self::Management => (can.can_orchestrate, 1.0, 0.3),
            Self::General => (true, 0.5, 0.5),
        };
        if suits { well } else { badly }
    }
}

/// Words in their order, none twice.
type Words = Vec<String>;

fn unique(mut words: Vec<String>) -> Words {
    sorted::sort(&mut words);
    words.dedup();
    words
}

fn holds(words: &Words, word: &str) -> bool {
    words
        .binary_search_by(|known| known.as_str().cmp(word))
        .is_ok()
}

/// The words of a text in small letters; everything but letters and digits parts them.
fn words(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

fn names(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.split(' ')
}

/// A question, understood.
#[derive(Clone, Debug)]
pub struct Question {
    words: Words,
    intent: Intent,
    analysis: QueryAnalysis,
    max_results: usize,
    minimum: f64,
}

impl SearchAgents {
    /// The question checked and understood.
    ///
    /// # Errors
    /// `SEARCH_QUERY_INVALID` with every field.
    pub fn question(&self) -> Result<Question, DomainError> {
        let code = Code::SearchQueryInvalid;
        let mut violations = Violations::new();
        let query = violations.take("query", limits::text(&self.query, 3, 1000, code));
        let focus = self.domain_focus.as_deref().map(|focus| {
            let checked = limits::text(focus, 1, 100, code);
            violations.take("domainFocus", checked).unwrap_or_default()
        });
        let max_results = self.max_results.unwrap_or(10);
        if !(1..=50).contains(&max_results) {
            let limit = serde_json::json!({"min": 1, "max": 50});
            violations.add(code, FieldError::new("maxResults", "range").limit(limit));
        }
        let minimum = self.min_semantic_score.unwrap_or(0.2);
        if !(0.0..=1.0).contains(&minimum) {
            let limit = serde_json::json!({"min": 0, "max": 1});
            violations.add(
                code,
                FieldError::new("minSemanticScore", "range").limit(limit),
            );
        }
        violations.finish()?;
        let list = words(&query.unwrap_or_default());
        let set = unique(list.clone());
        let intent = intent(&set);
        Ok(Question {
            analysis: QueryAnalysis {
                keywords: keywords(&list),
                concepts: concepts(&set),
                intent: intent.as_str().to_owned(),
                domain: focus.unwrap_or_else(|| domain(&set).to_owned()),
                complexity: complexity(list.len()).to_owned(),
            },
            words: set,
            intent,
            max_results: usize::try_from(max_results).unwrap_or(10),
            minimum,
        })
    }
}

fn keywords(list: &[String]) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for word in list {
        let long = word.chars().count() > 2;
        if long && !names(STOP_WORDS).any(|stop| stop == word) && !kept.contains(word) {
            kept.push(word.clone());
        }
    }
    kept.truncate(20);
    kept
}

fn concepts(set: &Words) -> Vec<String> {
    let named = CONCEPTS.iter().filter(|(_, list)| holds_any(set, list));
    named.map(|(name, _)| (*name).to_owned()).collect()
}

fn holds_any(set: &Words, list: &'static str) -> bool {
    names(list).any(|word| holds(set, word))
}

fn intent(set: &Words) -> Intent {
    let found = INTENTS.iter().find(|(_, list)| holds_any(set, list));
    found.map_or(Intent::General, |(intent, _)| *intent)
}

fn domain(set: &Words) -> &'static str {
    let two = |list| names(list).filter(|word| holds(set, word)).count() >= 2;
    let found = DOMAINS.iter().find(|(_, list)| two(list));
    found.map_or("general", |(name, _)| name)
}

fn complexity(count: usize) -> &'static str {
    match count {
        21.. => "high",
        11.. => "medium",
        _ => "low",
    }
}

/// Whether an agent with these words meets a concept.
fn meets(concept: &str, agent: &Agent, text: &Words) -> bool {
    let can = &agent.capabilities;
    match concept {
        "data-processing" => can.can_read && can.can_write,
        "analysis" => can.can_analyze,
        "automation" => can.can_execute,
        "orchestration" => can.can_orchestrate,
        other => CONCEPTS
            .iter()
            .any(|(name, list)| *name == other && holds_any(text, list)),
    }
}

/// Everything that is written about an agent, and the words of the node it is attached to.
fn text_of(agent: &Agent, node_words: &[String]) -> Words {
    let mut all = words(&agent.name);
    all.extend(words(agent.description.as_deref().unwrap_or_default()));
    all.extend(words(&agent.instructions));
    let lists = [
        &agent.tools.available_tools[..],
        &agent.capabilities.supported_data_types,
        node_words,
    ];
    all.extend(lists.into_iter().flatten().flat_map(|text| words(text)));
    unique(all)
}

impl Question {
    fn judge(&self, agent: Agent, node_words: &[String]) -> Hit {
        let text = text_of(&agent, node_words);
        let analysis = &self.analysis;
        let common = self.words.iter().filter(|word| holds(&text, word)).count();
        let either = self.words.len() + text.len() - common;
        let matching: Vec<String> = kept(&analysis.keywords, |word| holds(&text, word));
        let met: Vec<String> = kept(&analysis.concepts, |name| meets(name, &agent, &text));
        let share = |part: usize, whole: usize| part as f64 / whole.max(1) as f64;
        let alignment = self.intent.alignment(&agent);
        let score = 0.30 * share(common, either)
            + 0.25 * share(matching.len(), analysis.keywords.len())
            + 0.25 * share(met.len(), analysis.concepts.len())
            + 0.20 * alignment;
        let mut reasons = Vec::new();
        if !matching.is_empty() {
            reasons.push(format!("mentions {}", matching.join(", ")));
        }
        if !met.is_empty() {
            reasons.push(format!("is able to do {}", met.join(", ")));
        }
        if alignment > 0.5 {
            reasons.push(format!("suits the intent {}", analysis.intent));
        }
        Hit {
            score: rounded(score),
            matching_keywords: matching,
            matched_concepts: met,
            reasons,
            agent,
        }
    }

    /// The agents that answer the question, each given with the words of its node; best first.
    pub fn answer(self, agents: Vec<(Agent, Vec<String>)>) -> Hits {
        let mut items: Vec<Hit> = agents
            .into_iter()
            .map(|(agent, node_words)| self.judge(agent, &node_words))
            .filter(|hit| hit.score >= self.minimum)
            .collect();
        sorted::sort_by(&mut items, |one, other| {
            let falling = other.score.total_cmp(&one.score);
            falling
                .then_with(|| one.agent.name.cmp(&other.agent.name))
                .then_with(|| one.agent.agent_id.cmp(&other.agent.agent_id))
        });
        items.truncate(self.max_results);
        Hits {
            items,
            query_analysis: self.analysis,
        }
    }
}

fn kept(all: &[String], keep: impl Fn(&String) -> bool) -> Vec<String> {
    all.iter().filter(|item| keep(item)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::super::agent::tests::agent;
    use super::*;

    fn analysis(query: &str) -> QueryAnalysis {
        let search = SearchAgents {
            query: query.into(),
            ..SearchAgents::default()
        };
        search.question().unwrap().analysis
    }

    fn check_intent(query: &str, intent: &str) {
        assert_eq!(analysis(query).intent, intent, "{query}");
    }

    #[test]
    fn keywords_are_long_unique_and_no_stop_words() {
        let found = analysis("I need to find the DATA, data of our tax-reports!");
        assert_eq!(found.keywords, ["data", "tax", "reports"]);
        let many: Vec<String> = (100..130).map(|n| format!("word{n}")).collect();
        assert_eq!(analysis(&many.join(" ")).keywords.len(), 20);
    }

    #[test]
    fn concepts_match_whole_words() {
        assert_eq!(analysis("the reporter").concepts, Vec::<String>::new());
        let both = analysis("process and workflow");
        assert_eq!(
            both.concepts,
            ["data-processing", "automation", "orchestration"]
        );
        assert_eq!(
            analysis("email about budget audit").concepts,
            ["compliance", "financial", "communication"]
        );
        assert_eq!(
            analysis("insights summary").concepts,
            ["analysis", "reporting"]
        );
    }

    #[test]
    fn the_first_intent_of_the_table_counts() {
        check_intent("create and find things", "search");
        check_intent("assist me", "assistance");
        check_intent("build it", "creation");
        check_intent("review it", "analysis");
        check_intent("coordinate it", "management");
        check_intent("nothing particular", "general");
        check_intent("findings", "general");
    }

    #[test]
    fn the_domain_needs_two_words_or_is_named() {
        assert_eq!(analysis("payment").domain, "general");
        assert_eq!(analysis("payment transaction").domain, "financial-services");
        assert_eq!(analysis("contract law").domain, "legal");
        let search = SearchAgents {
            query: "contract law".into(),
            domain_focus: Some("tax".into()),
            ..SearchAgents::default()
        };
        assert_eq!(search.question().unwrap().analysis.domain, "tax");
    }

    #[test]
    fn complexity_counts_words() {
        assert_eq!(analysis(&"word ".repeat(10)).complexity, "low");
        assert_eq!(analysis(&"word ".repeat(11)).complexity, "medium");
        assert_eq!(analysis(&"word ".repeat(20)).complexity, "medium");
        assert_eq!(analysis(&"word ".repeat(21)).complexity, "high");
    }

    #[test]
    fn the_score_follows_the_formula() {
        let search = SearchAgents {
            query: "analyze invoices budget".into(),
            min_semantic_score: Some(0.0),
            ..SearchAgents::default()
        };
        let mut plain = agent("a");
        plain.instructions = "invoices".into();
        let hits = search
            .question()
            .unwrap()
            .answer(vec![(plain, vec!["Budget".into()])]);
        let hit = &hits.items[0];
        // Agent words: a, invoices, search, mail, json, budget. Two in common of seven in all;
        // two of three keywords; both concepts (analysis, financial); analysis aligned.
        let expected = 0.30 * 2.0 / 7.0 + 0.25 * 2.0 / 3.0 + 0.25 + 0.20;
        assert_eq!(hit.score, rounded(expected));
        assert_eq!(hit.matching_keywords, ["invoices", "budget"]);
        assert_eq!(hit.matched_concepts, ["analysis", "financial"]);
        assert_eq!(hit.reasons.len(), 3);
    }

    #[test]
    fn alignment_depends_on_capabilities() {
        let able = agent("a");
        let mut unable = agent("a");
        unable.capabilities = super::super::agent::Capabilities::default();
        for (intent, well, badly) in [
            (Intent::Search, 0.8, 0.2),
            (Intent::Assistance, 0.7, 0.4),
            (Intent::Creation, 0.9, 0.2),
            (Intent::Analysis, 1.0, 0.1),
            (Intent::Management, 1.0, 0.3),
            (Intent::General, 0.5, 0.5),
        ] {
            assert_eq!(
                (intent.alignment(&able), intent.alignment(&unable)),
                (well, badly)
            );
        }
        for concept in ["data-processing", "analysis", "automation", "orchestration"] {
            let none = Words::new();
            assert!(meets(concept, &able, &none) && !meets(concept, &unable, &none));
        }
    }

    #[test]
    fn hits_are_ordered_bounded_and_above_the_minimum() {
        let search = SearchAgents {
            query: "anything else".into(),
            max_results: Some(2),
            min_semantic_score: Some(0.1),
            ..SearchAgents::default()
        };
        let agents = ["bb", "aaa", "c"].map(|name| (agent(name), vec![]));
        let hits = search.question().unwrap().answer(agents.to_vec());
        let names: Vec<&str> = hits
            .items
            .iter()
            .map(|hit| hit.agent.name.as_str())
            .collect();
        assert_eq!(names, ["aaa", "bb"]);
        let strict = SearchAgents {
            min_semantic_score: Some(0.9),
            ..search
        };
        assert!(
            strict
                .question()
                .unwrap()
                .answer(agents.to_vec())
                .items
                .is_empty()
        );
    }

    #[test]
    fn limits_are_told_at_once() {
        let bad = SearchAgents {
            query: "ab".into(),
            max_results: Some(51),
            min_semantic_score: Some(-0.1),
            domain_focus: Some(" ".into()),
            feature_type: None,
        };
        let refusal = bad.question().unwrap_err();
        assert_eq!(refusal.code, Code::SearchQueryInvalid);
        let fields: Vec<&str> = refusal.errors.iter().map(|e| e.field.as_str()).collect();
        assert_eq!(
            fields,
            ["query", "domainFocus", "maxResults", "minSemanticScore"]
        );
    }
}
