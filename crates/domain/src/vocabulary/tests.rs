use super::*;

#[test]
fn wire_values_read_back() {
    for mode in ExecutionMode::ALL {
        assert_eq!(ExecutionMode::parse(mode.as_str()), Some(*mode));
        let json = serde_json::to_value(mode).unwrap();
        assert_eq!(json, mode.to_string());
    }
    assert_eq!(BoundaryType::parse("outside"), None);
}

#[test]
fn nothing_leaves_the_archive_and_no_status_follows_itself() {
    for status in NodeStatus::ALL {
        assert!(!status.may_become(*status));
        assert!(!NodeStatus::Archived.may_become(*status));
        assert!(!status.may_become(NodeStatus::Draft));
    }
}

#[test]
fn actions_move_as_the_table_says() {
    use ActionStatus as S;
    assert!(S::Draft.may_become(S::Active));
    assert!(S::Configured.may_become(S::Inactive));
    assert!(S::Active.may_become(S::Error));
    assert!(S::Inactive.may_become(S::Active));
    assert!(S::Error.may_become(S::Inactive));
    assert!(!S::Draft.may_become(S::Inactive));
    assert!(!S::Configured.may_become(S::Error));
    assert!(!S::Archived.may_become(S::Active));
}

#[test]
fn finished_runs_are_known() {
    let finished = RunStatus::ALL.iter().filter(|s| s.is_finished()).count();
    assert_eq!(finished, 4);
}
