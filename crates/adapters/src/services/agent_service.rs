//! The service behind the agents: chat completions with tool calls, as OpenAI defined them and
//! most hosted and local model servers speak them.
//!
//! The operator names address, model and key; nothing a user writes reaches them, and neither the
//! key nor what the far side says about a fault reaches a message.

use std::rc::Rc;

use serde_json::{Value, json};
use use_cases::ports::{
    AgentService, Clock, Message, Reply, ServiceError, ServiceFailure, ToolCall, Turn,
};

use super::answer::{self, invalid};
use crate::config::AgentSettings;
use crate::http::{HttpClient, HttpRequest, MAX_OUTSIDE_BODY, Method, Resolver, Transport};

/// [`AgentService`] over chat completions.
pub struct ChatCompletions<H, C> {
    http: Rc<HttpClient<H, C>>,
    settings: Option<AgentSettings>,
}

impl<H: Transport + Resolver, C: Clock> ChatCompletions<H, C> {
    /// Without settings every turn fails: there is nobody to talk to.
    pub fn new(http: Rc<HttpClient<H, C>>, settings: Option<AgentSettings>) -> Self {
        Self { http, settings }
    }
}

impl<H: Transport + Resolver, C: Clock> AgentService for ChatCompletions<H, C> {
    async fn next(&self, turn: Turn<'_>) -> Result<Reply, ServiceError> {
        let Some(settings) = &self.settings else {
            let message = "No service for agents is configured.";
            return Err(ServiceError {
                permanent: true,
                ..ServiceError::new(ServiceFailure::Unreachable, message)
            });
        };
        let response = self.http.call(request(settings, turn)).await;
        let response = response.map_err(|error| answer::failed(&error))?;
        reply(&answer::read(&response)?["body"])
    }
}

fn request(settings: &AgentSettings, turn: Turn<'_>) -> HttpRequest {
    let mut headers = vec![
        ("content-type".into(), "application/json".into()),
        ("accept".into(), "application/json".into()),
        ("user-agent".into(), "function-models".into()),
        ("idempotency-key".into(), turn.idempotency_key.into()),
    ];
    if let Some(key) = &settings.key {
        headers.push(("authorization".into(), format!("Bearer {key}")));
    }
    HttpRequest {
        method: Method::Post,
        url: format!("{}/chat/completions", settings.url),
        headers,
        body: Some(body(&settings.model, turn).to_string()),
        timeout_ms: u32::try_from(turn.timeout_ms).unwrap_or(u32::MAX),
        max_body_bytes: Some(MAX_OUTSIDE_BODY),
    }
}

fn body(model: &str, turn: Turn<'_>) -> Value {
    let messages: Vec<Value> = turn.messages.iter().map(message).collect();
    let mut body = json!({"model": model, "messages": messages, "stream": false});
    if !turn.tools.is_empty() {
        let tools = turn.tools.iter().map(|tool| {
            json!({"type": "function", "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters.clone(),
            }})
        });
        body["tools"] = tools.collect();
    }
    body
}

fn message(message: &Message) -> Value {
    match message {
        Message::Instructions(text) => json!({"role": "system", "content": text}),
        Message::Request(text) => json!({"role": "user", "content": text}),
        Message::Calls(calls) => {
            let calls: Vec<Value> = calls
                .iter()
                .map(|call| {
                    json!({"id": call.id, "type": "function", "function": {
                        "name": call.name, "arguments": call.arguments,
                    }})
                })
                .collect();
            json!({"role": "assistant", "content": null, "tool_calls": calls})
        }
        Message::Result { id, content } => {
            json!({"role": "tool", "tool_call_id": id, "content": content})
        }
    }
}

/// Reads `{"choices": [{"message": {"content", "tool_calls"}}]}`.
fn reply(body: &Value) -> Result<Reply, ServiceError> {
    let unreadable = || invalid("The agents' service answered something unreadable.");
    let message = body
        .get("choices")
        .and_then(|choices| choices.get(0))
        .and_then(|choice| choice.get("message"))
        .ok_or_else(unreadable)?;
    let calls = message.get("tool_calls").and_then(Value::as_array);
    if let Some(calls) = calls.filter(|calls| !calls.is_empty()) {
        let calls: Option<Vec<ToolCall>> = calls.iter().map(call).collect();
        return calls.map(Reply::Calls).ok_or_else(unreadable);
    }
    let content = message.get("content").and_then(Value::as_str);
    content
        .map(|content| Reply::Content(content.to_owned()))
        .ok_or_else(unreadable)
}

fn call(call: &Value) -> Option<ToolCall> {
    let function = call.get("function")?;
    Some(ToolCall {
        id: call.get("id")?.as_str()?.to_owned(),
        name: function.get("name")?.as_str()?.to_owned(),
        arguments: match function.get("arguments") {
            Some(Value::String(text)) => text.clone(),
            Some(arguments) => arguments.to_string(),
            None => "{}".to_owned(),
        },
    })
}

#[cfg(test)]
mod tests {
    use domain::ai_agent::tools::ToolDescription;
    use futures::executor::block_on;

    use super::*;
    use crate::http::AllowedHosts;
    use crate::http::script::{Script, Step, StillClock, answer};

    fn settings(url: &str) -> AgentSettings {
        AgentSettings {
            url: url.into(),
            model: "small".into(),
            key: Some("sk-secret".into()),
        }
    }

    fn ask(script: &Script, settings: Option<AgentSettings>) -> Result<Reply, ServiceError> {
        let allowed = AllowedHosts::default();
        let http = HttpClient::new(script, StillClock::default(), allowed);
        let service = ChatCompletions::new(Rc::new(http), settings);
        let messages = [
            Message::Instructions("Be brief.".into()),
            Message::Request("Add.".into()),
            Message::Calls(vec![ToolCall {
                id: "c1".into(),
                name: "search".into(),
                arguments: "{}".into(),
            }]),
            Message::Result {
                id: "c1".into(),
                content: "nothing".into(),
            },
        ];
        let tools = [ToolDescription {
            name: "search",
            description: "Searches.",
            parameters: json!({"type": "object"}),
        }];
        block_on(service.next(Turn {
            messages: &messages,
            tools: &tools,
            idempotency_key: "task-0",
            timeout_ms: 1000,
        }))
    }

    fn told(status: u16, body: &str) -> Result<Reply, ServiceError> {
        let script = Script::of([json_answer(status, body)]);
        ask(&script, Some(settings("https://models.example/v1")))
    }

    fn json_answer(status: u16, body: &str) -> Step {
        answer(status, body)
    }

    #[test]
    fn a_turn_is_sent_as_chat_completions_want_it() {
        let reply = r#"{"choices":[{"message":{"role":"assistant","content":"7"}}]}"#;
        let script = Script::of([json_answer(200, reply)]);
        let said = ask(&script, Some(settings("https://models.example/v1")));
        assert_eq!(said, Ok(Reply::Content("7".into())));
        let sent = &script.sent()[0];
        assert_eq!(sent.url, "https://models.example/v1/chat/completions");
        let header = |name: &str| {
            let found = sent.headers.iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value.as_str())
        };
        assert_eq!(header("authorization"), Some("Bearer sk-secret"));
        assert_eq!(header("idempotency-key"), Some("task-0"));
        let body: Value = serde_json::from_str(sent.body.as_deref().unwrap()).unwrap();
        assert_eq!(body["model"], "small");
        let roles: Vec<&str> = body["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|message| message["role"].as_str().unwrap())
            .collect();
        assert_eq!(roles, ["system", "user", "assistant", "tool"]);
        assert_eq!(body["tools"][0]["function"]["name"], "search");
        assert_eq!(body["messages"][3]["tool_call_id"], "c1");
    }

    #[test]
    fn tool_calls_are_read() {
        let reply = r#"{"choices":[{"message":{"content":null,"tool_calls":[
            {"id":"a","type":"function","function":{"name":"x","arguments":"{\"q\":1}"}},
            {"id":"b","type":"function","function":{"name":"y","arguments":{"q":2}}}]}}]}"#;
        let Ok(Reply::Calls(calls)) = told(200, reply) else {
            panic!("no calls");
        };
        assert_eq!(calls[0].arguments, r#"{"q":1}"#);
        assert_eq!(calls[1].arguments, r#"{"q":2}"#);
    }

    #[test]
    fn faults_carry_neither_key_nor_what_the_far_side_said() {
        for (status, body, failure) in [
            (401, "sk-secret is wrong", ServiceFailure::Status(401)),
            (429, "slow down", ServiceFailure::Status(429)),
            (500, "{}", ServiceFailure::Status(500)),
            (200, "{", ServiceFailure::Invalid),
            (200, "{}", ServiceFailure::Invalid),
            (200, r#"{"choices":[]}"#, ServiceFailure::Invalid),
            (
                200,
                r#"{"choices":[{"message":{"content":null}}]}"#,
                ServiceFailure::Invalid,
            ),
            (
                200,
                r#"{"choices":[{"message":{"tool_calls":[{"id":1}]}}]}"#,
                ServiceFailure::Invalid,
            ),
        ] {
            let error = told(status, body).unwrap_err();
            assert_eq!(error.failure, failure, "{status} {body}");
            assert!(!error.message.contains("sk-secret"));
        }
    }

    #[test]
    fn private_addresses_and_missing_settings_are_refused() {
        let nothing = Script::of([]);
        let error = ask(&nothing, Some(settings("http://127.0.0.1/v1"))).unwrap_err();
        assert_eq!(error.failure, ServiceFailure::Invalid);
        let error = ask(&nothing, None).unwrap_err();
        assert_eq!(
            (error.failure, error.permanent),
            (ServiceFailure::Unreachable, true)
        );
        assert!(nothing.sent().is_empty());
        assert!(!format!("{:?}", settings("https://x.example")).contains("sk-secret"));
    }
}
