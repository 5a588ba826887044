//! Who is responsible, accountable, consulted and informed.

use crate::sorted::SortedSet;

use serde::{Deserialize, Serialize};

use crate::error::{Code, DomainError, FieldError, Violations};
use crate::limits;
use crate::vocabulary::RaciRole;

/// The parties of an action, by role; no name stands twice, and somebody is responsible.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "RawRaci")]
pub struct Raci {
    responsible: Vec<String>,
    accountable: Vec<String>,
    consulted: Vec<String>,
    informed: Vec<String>,
}

/// Parties as they are asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct RawRaci {
    /// At least one name.
    #[cfg_attr(feature = "schema", schemars(inner(length(min = 1, max = 100))))]
    pub responsible: Vec<String>,
    /// Any number of names.
    #[cfg_attr(feature = "schema", schemars(inner(length(min = 1, max = 100))))]
    pub accountable: Vec<String>,
    /// Any number of names.
    #[cfg_attr(feature = "schema", schemars(inner(length(min = 1, max = 100))))]
    pub consulted: Vec<String>,
    /// Any number of names.
    #[cfg_attr(feature = "schema", schemars(inner(length(min = 1, max = 100))))]
    pub informed: Vec<String>,
}

impl Raci {
    /// The parties of an action that names none: the system is responsible.
    pub fn empty() -> Self {
        Self {
            responsible: vec!["System".to_owned()],
            accountable: Vec::new(),
            consulted: Vec::new(),
            informed: Vec::new(),
        }
    }

    /// The parties as they would be asked for.
    pub fn to_raw(&self) -> RawRaci {
        RawRaci {
            responsible: self.responsible.clone(),
            accountable: self.accountable.clone(),
            consulted: self.consulted.clone(),
            informed: self.informed.clone(),
        }
    }

    /// Checks parties.
    ///
    /// # Errors
    /// `RACI_INVALID` with every name that is blank, too long or there twice.
    pub fn parse(raw: RawRaci) -> Result<Self, DomainError> {
        let mut violations = Violations::new();
        let mut seen = SortedSet::new();
        let mut read = |role: RaciRole, names: &[String]| {
            let mut kept = Vec::new();
            for (index, name) in names.iter().enumerate() {
                let field = format!("{role}[{index}]");
                let checked = limits::text(name, 1, 100, Code::RaciInvalid);
                let Some(name) = violations.take(&field, checked) else {
                    continue;
                };
                if !seen.insert(name.clone()) {
                    let error = FieldError::new(field, "unique").value(name.as_str());
                    violations.add(Code::RaciInvalid, error);
                }
                kept.push(name);
            }
            kept
        };
        let raci = Self {
            responsible: read(RaciRole::Responsible, &raw.responsible),
            accountable: read(RaciRole::Accountable, &raw.accountable),
            consulted: read(RaciRole::Consulted, &raw.consulted),
            informed: read(RaciRole::Informed, &raw.informed),
        };
        if raw.responsible.is_empty() {
            let error = FieldError::new("responsible", "required");
            violations.add(Code::RaciInvalid, error);
        }
        violations.finish().map(|()| raci)
    }

    /// The names in one role.
    pub fn parties(&self, role: RaciRole) -> &[String] {
        match role {
            RaciRole::Responsible => &self.responsible,
            RaciRole::Accountable => &self.accountable,
            RaciRole::Consulted => &self.consulted,
            RaciRole::Informed => &self.informed,
        }
    }

    /// The parties with one more.
    ///
    /// # Errors
    /// `RACI_INVALID` when the name stands in any role already, is blank or too long.
    pub fn add_party(&self, role: RaciRole, name: &str) -> Result<Self, DomainError> {
        let mut raw = RawRaci::from(self.clone());
        raw.list(role).push(name.to_owned());
        Self::parse(raw)
    }

    /// The parties with one less.
    ///
    /// # Errors
    /// `RACI_INVALID` when the name is not in the role, or the last responsible one.
    pub fn remove_party(&self, role: RaciRole, name: &str) -> Result<Self, DomainError> {
        let mut raw = RawRaci::from(self.clone());
        let list = raw.list(role);
        let Some(place) = list.iter().position(|party| party == name.trim()) else {
            let error = FieldError::new(role.as_str(), "absent").value(name);
            let message = "This party is not in the role.";
            return Err(DomainError::field(Code::RaciInvalid, message, error));
        };
        list.remove(place);
        Self::parse(raw)
    }

    /// Whether the name stands in any role.
    pub fn is_involved(&self, name: &str) -> bool {
        !self.roles_of(name).is_empty()
    }

    /// The roles of a name.
    pub fn roles_of(&self, name: &str) -> Vec<RaciRole> {
        let holds = |role: &RaciRole| self.parties(*role).iter().any(|party| party == name);
        RaciRole::ALL.iter().copied().filter(holds).collect()
    }

    /// Every name, responsible ones first.
    pub fn all_parties(&self) -> impl Iterator<Item = &str> {
        RaciRole::ALL
            .iter()
            .flat_map(|role| self.parties(*role))
            .map(String::as_str)
    }
}

impl RawRaci {
    fn list(&mut self, role: RaciRole) -> &mut Vec<String> {
        match role {
            RaciRole::Responsible => &mut self.responsible,
            RaciRole::Accountable => &mut self.accountable,
            RaciRole::Consulted => &mut self.consulted,
            RaciRole::Informed => &mut self.informed,
        }
    }
}

impl PartialEq for Raci {
    fn eq(&self, other: &Self) -> bool {
        let set = |raci: &Self, role: RaciRole| -> SortedSet<String> {
            raci.parties(role).iter().cloned().collect()
        };
        RaciRole::ALL
            .iter()
            .all(|role| set(self, *role) == set(other, *role))
    }
}

impl From<Raci> for RawRaci {
    fn from(raci: Raci) -> Self {
        Self {
            responsible: raci.responsible,
            accountable: raci.accountable,
            consulted: raci.consulted,
            informed: raci.informed,
        }
    }
}

impl TryFrom<RawRaci> for Raci {
    type Error = DomainError;

    fn try_from(raw: RawRaci) -> Result<Self, DomainError> {
        Self::parse(raw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raci(json: &str) -> Result<Raci, DomainError> {
        Raci::parse(serde_json::from_str(json).unwrap())
    }

    #[test]
    fn names_are_unique_over_all_roles() {
        assert!(raci(r#"{"responsible":[" Ann "],"informed":["ann"]}"#).is_ok());
        let refusal = raci(r#"{"responsible":["Ann"," "],"informed":["Ann"]}"#).unwrap_err();
        let fields: Vec<&str> = refusal.errors.iter().map(|e| e.field.as_str()).collect();
        assert_eq!(fields, ["responsible[1]", "informed[0]"]);
        assert_eq!(raci("{}").unwrap_err().errors[0].rule, "required");
    }

    #[test]
    fn parties_come_and_go() {
        let start = Raci::empty();
        let more = start.add_party(RaciRole::Informed, "Bob").unwrap();
        assert!(more.is_involved("Bob"));
        assert_eq!(more.roles_of("Bob"), [RaciRole::Informed]);
        assert_eq!(more.all_parties().collect::<Vec<_>>(), ["System", "Bob"]);
        assert!(more.add_party(RaciRole::Consulted, "Bob").is_err());
        assert!(more.remove_party(RaciRole::Consulted, "Bob").is_err());
        assert!(more.remove_party(RaciRole::Responsible, "System").is_err());
        assert_eq!(more.remove_party(RaciRole::Informed, "Bob").unwrap(), start);
    }

    #[test]
    fn order_within_a_role_does_not_matter() {
        let one = raci(r#"{"responsible":["a","b"]}"#).unwrap();
        let other = raci(r#"{"responsible":["b","a"],"consulted":[]}"#).unwrap();
        assert_eq!(one, other);
        let json = serde_json::to_value(&one).unwrap();
        assert_eq!(serde_json::from_value::<Raci>(json).unwrap(), one);
    }
}
