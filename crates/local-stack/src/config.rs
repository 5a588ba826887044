//! What the local stack reads from `supabase/config.toml`. Everything else in
//! that file speaks to the Supabase CLI or to a hosted project.

use std::collections::HashMap;
use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;

/// The settings that change how the parts behave. All have the platform's defaults.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Config {
    pub(crate) api: Api,
    pub(crate) auth: Auth,
    pub(crate) functions: HashMap<String, Function>,
}

/// `[api]`: what PostgREST serves.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub(crate) struct Api {
    pub(crate) schemas: Vec<String>,
    pub(crate) extra_search_path: Vec<String>,
    pub(crate) max_rows: u32,
}

/// `[auth]`: whom the Auth stand-in admits.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub(crate) struct Auth {
    /// Life of an access token in seconds.
    pub(crate) jwt_expiry: u32,
    pub(crate) enable_signup: bool,
    pub(crate) enable_anonymous_sign_ins: bool,
    pub(crate) minimum_password_length: usize,
}

/// `[functions.<name>]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub(crate) struct Function {
    pub(crate) enabled: bool,
    pub(crate) verify_jwt: bool,
    /// Relative to the folder `supabase`.
    pub(crate) entrypoint: Option<String>,
    /// Relative to the folder `supabase`.
    pub(crate) import_map: Option<String>,
}

impl Config {
    /// Reads `<root>/supabase/config.toml`; without one the platform's defaults hold.
    pub(crate) fn read(root: &Path) -> anyhow::Result<Self> {
        let file = root.join("supabase/config.toml");
        if !file.exists() {
            return Ok(Self::default());
        }
        let text = std::fs::read_to_string(&file)
            .with_context(|| format!("reading {}", file.display()))?;
        toml::from_str(&text).with_context(|| format!("understanding {}", file.display()))
    }
}

impl Default for Api {
    fn default() -> Self {
        Self {
            schemas: vec!["public".into()],
            extra_search_path: vec!["public".into(), "extensions".into()],
            max_rows: 1000,
        }
    }
}

impl Default for Auth {
    fn default() -> Self {
        Self {
            jwt_expiry: 3600,
            enable_signup: true,
            enable_anonymous_sign_ins: false,
            minimum_password_length: 6,
        }
    }
}

impl Default for Function {
    fn default() -> Self {
        Self {
            enabled: true,
            verify_jwt: true,
            entrypoint: None,
            import_map: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_verifies_tokens_unless_told_otherwise() {
        let config: Config = toml::from_str(
            "project_id = 'x'\n[functions.api]\nverify_jwt = false\n[functions.other]\nstatic_files = []",
        )
        .unwrap();
        assert!(!config.functions["api"].verify_jwt);
        assert!(config.functions["other"].verify_jwt);
        assert!(config.functions["other"].enabled);
    }

    #[test]
    fn absent_settings_have_the_platforms_defaults() {
        let config: Config =
            toml::from_str("[api]\nschemas = ['public', 'graphql_public']").unwrap();
        assert_eq!(config.api.schemas, ["public", "graphql_public"]);
        assert_eq!(config.api.max_rows, 1000);
        assert_eq!(config.auth.jwt_expiry, 3600);
        assert!(config.auth.enable_signup);
    }

    #[test]
    fn a_setting_of_the_wrong_type_is_refused() {
        assert!(toml::from_str::<Config>("[functions.api]\nverify_jwt = 'no'").is_err());
    }
}
