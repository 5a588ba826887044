//! Where a container stands on the canvas.

use serde::{Deserialize, Serialize};

use crate::error::{Code, DomainError, FieldError, Violations};

/// A point with finite coordinates in [−10 000, 10 000].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "RawPosition")]
pub struct Position {
    x: f64,
    y: f64,
}

/// A position as it is asked for, before it is checked.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RawPosition {
    /// Distance to the right.
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = REACH)))]
    pub x: f64,
    /// Distance downwards.
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = REACH)))]
    pub y: f64,
}

const REACH: f64 = 10_000.0;

impl Position {
    /// The origin.
    pub const fn zero() -> Self {
        Self { x: 0.0, y: 0.0 }
    }

    /// A point.
    ///
    /// # Errors
    /// `POSITION_INVALID` with every coordinate outside the range.
    pub fn new(x: f64, y: f64) -> Result<Self, DomainError> {
        Self::within(x, y, -REACH)
    }

    /// A point on the canvas of a model, where both coordinates are at least 0.
    ///
    /// # Errors
    /// `POSITION_INVALID` with every coordinate outside the range.
    pub fn on_canvas(x: f64, y: f64) -> Result<Self, DomainError> {
        Self::within(x, y, 0.0)
    }

    fn within(x: f64, y: f64, min: f64) -> Result<Self, DomainError> {
        let mut violations = Violations::new();
        for (name, value) in [("x", x), ("y", y)] {
            if !(min..=REACH).contains(&value) {
                let limit = serde_json::json!({ "min": min, "max": REACH });
                let error = FieldError::new(name, "range").limit(limit).value(value);
                violations.add(Code::PositionInvalid, error);
            }
        }
        violations.finish()?;
        Ok(Self { x, y })
    }

    /// Distance to the right.
    pub fn x(&self) -> f64 {
        self.x
    }

    /// Distance downwards.
    pub fn y(&self) -> f64 {
        self.y
    }

    /// Another point.
    ///
    /// # Errors
    /// `POSITION_INVALID` outside the range.
    pub fn move_to(&self, x: f64, y: f64) -> Result<Self, DomainError> {
        Self::new(x, y)
    }

    /// The point this far away.
    ///
    /// # Errors
    /// `POSITION_INVALID` when it leaves the range.
    pub fn move_by(&self, dx: f64, dy: f64) -> Result<Self, DomainError> {
        Self::new(self.x + dx, self.y + dy)
    }

    /// The straight distance.
    pub fn distance(&self, other: &Self) -> f64 {
        (self.x - other.x).hypot(self.y - other.y)
    }
}

impl TryFrom<RawPosition> for Position {
    type Error = DomainError;

    fn try_from(raw: RawPosition) -> Result<Self, DomainError> {
        Self::new(raw.x, raw.y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_stay_in_range() {
        assert!(Position::new(-10_000.0, 10_000.0).is_ok());
        for bad in [10_000.5, f64::NAN, f64::INFINITY] {
            let refusal = Position::new(bad, bad).unwrap_err();
            assert_eq!(refusal.code, Code::PositionInvalid);
            assert_eq!(refusal.errors.len(), 2);
        }
        assert!(Position::on_canvas(-0.1, 0.0).is_err());
        assert!(Position::on_canvas(0.0, 0.5).is_ok());
    }

    #[test]
    fn points_move_and_measure() {
        let a = Position::new(-1.0, -1.0).unwrap();
        let b = Position::zero().move_to(2.0, 3.0).unwrap();
        assert_eq!(a.distance(&b), 5.0);
        assert_eq!(a.move_by(3.0, 4.0).unwrap(), b);
        assert!(b.move_by(10_000.0, 0.0).is_err());
        assert_eq!((b.x(), b.y()), (2.0, 3.0));
    }

    #[test]
    fn json_is_checked() {
        assert!(serde_json::from_str::<Position>(r#"{"x":1,"y":20000}"#).is_err());
        let point: Position = serde_json::from_str(r#"{"x":1,"y":2.5}"#).unwrap();
        assert_eq!(
            serde_json::to_string(&point).unwrap(),
            r#"{"x":1.0,"y":2.5}"#
        );
    }
}
