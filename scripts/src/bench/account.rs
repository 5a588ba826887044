//! A user of the benchmark and the models it works on, made through the endpoints.

use anyhow::Context;
use hyper::Method;
use local_stack::Details;
use serde_json::{Value, json};

use super::load::{Call, Http, json as ask};

/// A signed-in user.
pub(crate) struct Account {
    /// The user's id.
    pub(crate) user_id: String,
    /// Headers of a request in the user's name through the gateway.
    pub(crate) headers: Vec<(String, String)>,
    functions_url: String,
}

impl Account {
    /// Signs up a new user.
    ///
    /// # Errors
    /// When the stack refuses.
    pub(crate) async fn sign_up(http: &Http, details: &Details) -> anyhow::Result<Self> {
        let key = ("apikey".to_owned(), details.publishable_key.clone());
        let body = json!({
            "email": format!("bench-{}@example.com", uuid::Uuid::new_v4()),
            "password": uuid::Uuid::new_v4(),
        });
        let url = format!("{}/auth/v1/signup", details.api_url);
        let call = Call::new(Method::POST, url, std::slice::from_ref(&key)).json(&body);
        let session = ask(http, call).await?;
        let token = text(&session, "/access_token")?;
        Ok(Self {
            user_id: text(&session, "/user/id")?,
            headers: vec![key, ("authorization".to_owned(), format!("Bearer {token}"))],
            functions_url: details.functions_url.clone(),
        })
    }

    /// A call of the `api` function.
    pub(crate) fn call(&self, method: Method, path: &str) -> Call {
        let url = format!("{}/api{path}", self.functions_url);
        Call::new(method, url, &self.headers)
    }

    /// Makes an empty model and answers its id.
    ///
    /// # Errors
    /// When it is refused.
    pub(crate) async fn model(&self, http: &Http, name: &str) -> anyhow::Result<String> {
        let call = self.call(Method::POST, "/function-models");
        let body = json!({"name": name, "description": "Made by the benchmark"});
        text(&ask(http, call.json(&body)).await?, "/modelId")
    }

    /// Makes and publishes a model of one stage with instant actions, one after another.
    ///
    /// # Errors
    /// When a step is refused.
    pub(crate) async fn instant_model(
        &self,
        http: &Http,
        name: &str,
        actions: usize,
    ) -> anyhow::Result<String> {
        let model = self.model(http, name).await?;
        let path = format!("/function-models/{model}");
        let stage = self.stage(http, &path).await?;
        for number in 1..=actions {
            let call = self.call(Method::POST, &format!("{path}/actions"));
            ask(http, call.json(&instant_action(&stage, number))).await?;
        }
        let call = self.call(Method::POST, &format!("{path}/publish"));
        ask(http, call.json(&json!({"version": "1.1.0"}))).await?;
        Ok(model)
    }

    /// Adds an input, a stage and an output to an empty model; answers the stage's id.
    ///
    /// # Errors
    /// When a step is refused.
    pub(crate) async fn stage(&self, http: &Http, path: &str) -> anyhow::Result<String> {
        let mut before: Option<String> = None;
        let mut stage = String::new();
        let boundaries = [
            json!({"nodeType": "ioNode", "name": "Input", "typeSpecificData": {"boundaryType": "input"}}),
            json!({"nodeType": "stageNode", "name": "Stage"}),
            json!({"nodeType": "ioNode", "name": "Output", "typeSpecificData": {"boundaryType": "output"}}),
        ];
        for mut node in boundaries {
            node["position"] = json!({"x": 0, "y": 0});
            let call = self.call(Method::POST, &format!("{path}/nodes"));
            let id = text(&ask(http, call.json(&node)).await?, "/nodeId")?;
            if let Some(before) = before.replace(id.clone()) {
                let call = self.call(Method::POST, &format!("{path}/nodes/{id}/dependencies"));
                ask(http, call.json(&json!({"dependencyId": before}))).await?;
            }
            if node["nodeType"] == "stageNode" {
                stage = id;
            }
        }
        Ok(stage)
    }
}

/// An action whose work is an expression the engine evaluates itself, so that only the engine is measured.
fn instant_action(stage: &str, number: usize) -> Value {
    json!({
        "parentNodeId": stage,
        "name": format!("Step {number}"),
        "actionType": "tetherNode",
        "actionSpecificData": {
            "tetherReferenceId": "instant",
            "integrationConfig": {"kind": "data-transformation", "script": "{\"done\": true}"},
        },
    })
}

/// The text at a JSON pointer.
pub(crate) fn text(value: &Value, pointer: &str) -> anyhow::Result<String> {
    let found = value.pointer(pointer).and_then(Value::as_str);
    Ok(found
        .with_context(|| format!("{pointer} is missing in {value}"))?
        .to_owned())
}
