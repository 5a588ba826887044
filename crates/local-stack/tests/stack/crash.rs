//! The program itself is killed, stopped and started again.

use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use local_stack::Details;
use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Project, call, eventually, sign_up};

fn launch(project: &Project, kept: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_local-stack"))
        .args(["--random-ports", "--quiet", "--root"])
        .arg(project.path(""))
        .arg("--keep")
        .arg(kept)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn details(child: &mut Child) -> Details {
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    serde_json::from_str(&line).unwrap()
}

fn accepts(url: &str) -> bool {
    let address = url.trim_start_matches("http://");
    TcpStream::connect(address).is_ok()
}

#[tokio::test]
async fn after_a_crash_nothing_is_left_and_kept_data_are_found_again() {
    let project = Project::new();
    let kept = project.path("kept");
    let mut first = launch(&project, &kept);
    let before = details(&mut first);
    let token = sign_up(&before.api_url, &before.publishable_key, "ann@example.com")
        .await
        .body["access_token"]
        .clone();
    assert!(local_stack::running(&kept).is_some());
    first.kill().unwrap();
    first.wait().unwrap();
    eventually("PostgREST has ended", || async {
        !accepts(&before.postgrest_url)
    })
    .await;

    let mut second = launch(&project, &kept);
    let after = details(&mut second);
    let bearer = format!("Bearer {}", token.as_str().unwrap());
    let user = call(
        "GET",
        &format!("{}/auth/v1/user", after.api_url),
        &[("authorization", &bearer)],
        "",
    )
    .await;
    assert_eq!(user.body["email"], "ann@example.com");

    let third = launch(&project, &kept).wait_with_output().unwrap();
    let message = String::from_utf8_lossy(&third.stderr).into_owned();
    assert!(
        message.contains(&format!("already running on {}", kept.display())),
        "{message}"
    );

    kill_process(
        Pid::from_raw(i32::try_from(second.id()).unwrap()).unwrap(),
        Signal::TERM,
    )
    .unwrap();
    assert!(second.wait().unwrap().success());
    assert!(!accepts(&after.api_url) && !accepts(&after.postgrest_url));
    assert!(local_stack::running(&kept).is_none());

    let migration = project.path("supabase/migrations/20250101000000_notes.sql");
    std::fs::write(&migration, "select 1;").unwrap();
    let fourth = launch(&project, &kept).wait_with_output().unwrap();
    let message = String::from_utf8_lossy(&fourth.stderr).into_owned();
    assert!(
        message.contains("20250101000000_notes.sql; start once with --reset"),
        "{message}"
    );
}
