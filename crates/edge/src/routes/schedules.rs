//! Schedules: what starts runs at times.

use domain::ids::{ModelId, ScheduleId};
use domain::schedule::{CreateSchedule, Schedule, ScheduleStatus, UpdateSchedule};
use use_cases::Saved;
use use_cases::schedule;

use crate::call::{Answer, Call, Wiring, id};
use crate::problem::Success;
use crate::query::PAGE;
use crate::response::Response;

pub(crate) async fn create<W: Wiring>(call: &Call<'_, W>) -> Answer {
    let command: CreateSchedule = call.body()?;
    let render = |saved: &Saved<Schedule>| {
        Response::json(Success::Created, &saved.value).with_revision(saved.revision)
    };
    let keep = |saved: &Saved<Schedule>| render(saved).to_stored();
    let saved = schedule::create(call.ports(), &call.context, command, keep).await?;
    Ok(render(&saved))
}

pub(crate) async fn list<W: Wiring>(call: &Call<'_, W>) -> Answer {
    let query = call.query(&[&PAGE, &["modelId"]])?;
    let page = call.page(&query, 20)?;
    let model_id = query.id("modelId", ModelId::parse)?;
    let found = schedule::list(call.ports(), &call.context, model_id, &page).await?;
    Ok(call.list(&query, &found))
}

pub(crate) async fn read<W: Wiring>(call: &Call<'_, W>, schedule: &str) -> Answer {
    let query = call.query(&[&["fields"]])?;
    let schedule_id = id("scheduleId", schedule, ScheduleId::parse)?;
    let found = schedule::read(call.ports(), &call.context, schedule_id).await?;
    let revision = found.schedule.revision;
    Ok(call.one(&query, &found).with_revision(revision))
}

pub(crate) async fn update<W: Wiring>(call: &Call<'_, W>, schedule: &str) -> Answer {
    let schedule_id = id("scheduleId", schedule, ScheduleId::parse)?;
    let changes: UpdateSchedule = call.body()?;
    let keep = |saved: &Saved<Schedule>| changed(saved).to_stored();
    let (ports, context) = (call.ports(), &call.context);
    let saved = schedule::update(ports, context, schedule_id, changes, keep).await?;
    Ok(changed(&saved))
}

pub(crate) async fn pause<W: Wiring>(call: &Call<'_, W>, schedule: &str) -> Answer {
    turn(call, schedule, ScheduleStatus::Paused).await
}

pub(crate) async fn resume<W: Wiring>(call: &Call<'_, W>, schedule: &str) -> Answer {
    turn(call, schedule, ScheduleStatus::Active).await
}

async fn turn<W: Wiring>(call: &Call<'_, W>, schedule: &str, status: ScheduleStatus) -> Answer {
    let schedule_id = id("scheduleId", schedule, ScheduleId::parse)?;
    let keep = |saved: &Saved<Schedule>| changed(saved).to_stored();
    let (ports, context) = (call.ports(), &call.context);
    let saved = schedule::turn(ports, context, schedule_id, status, keep).await?;
    Ok(changed(&saved))
}

fn changed(saved: &Saved<Schedule>) -> Response {
    Response::json(Success::Ok, &saved.value).with_revision(saved.revision)
}

pub(crate) async fn remove<W: Wiring>(call: &Call<'_, W>, schedule: &str) -> Answer {
    let schedule_id = id("scheduleId", schedule, ScheduleId::parse)?;
    let keep = |_: &Saved<()>| Response::empty(Success::NoContent).to_stored();
    schedule::remove(call.ports(), &call.context, schedule_id, keep).await?;
    Ok(Response::empty(Success::NoContent))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{BOB, NOTHING, Stage};

    #[test]
    fn a_schedule_is_made_read_changed_and_removed() {
        let stage = Stage::new();
        let path = stage.runnable("Nightly");
        let model_id = path.rsplit('/').next().unwrap();
        let body = json!({
            "modelId": model_id, "cronExpression": "30 2 * * *", "timeZone": "Europe/Berlin",
        });
        let early = stage.post("/schedules", body.clone());
        early.refused(422, "MODEL_NOT_PUBLISHED");
        let publish = json!({"version": "1.1.0"});
        stage.post(&format!("{path}/publish"), publish).ok(200);
        let made = stage.post("/schedules", body);
        assert_eq!(made.header("etag"), Some("\"1\""));
        let made = made.ok(201);
        assert_eq!(made["overlapPolicy"], "skip");
        let path = format!("/schedules/{}", made["scheduleId"].as_str().unwrap());
        let found = stage.get(&path).ok(200);
        assert_eq!(found["nextFires"].as_array().unwrap().len(), 5);
        assert_eq!(found["nextFires"][0], found["nextFireAt"]);
        let list = stage.get(&format!("/schedules?modelId={model_id}")).ok(200);
        assert_eq!(list["items"].as_array().unwrap().len(), 1);
        let paused = stage.post(&format!("{path}/pause"), json!({})).ok(200);
        assert_eq!(
            (&paused["status"], &paused["revision"]),
            (&json!("paused"), &json!(2))
        );
        let again = stage.post(&format!("{path}/pause"), json!({}));
        again.refused(422, "STATUS_TRANSITION_INVALID");
        assert_eq!(stage.get(&path).ok(200)["nextFires"], json!([]));
        stage.post(&format!("{path}/resume"), json!({})).ok(200);
        let change = |body| stage.ask("PATCH", &path).json(body).send();
        change(json!({"timeZone": "Mars/Base"})).refused(422, "SCHEDULE_INVALID");
        change(json!({"version": "9.9.9"})).refused(404, "VERSION_NOT_FOUND");
        change(json!({})).refused(422, "NOTHING_TO_CHANGE");
        let changed = change(json!({"overlapPolicy": "cancelOther", "version": "1.1.0"})).ok(200);
        assert_eq!(changed["overlapPolicy"], "cancelOther");
        let strange = stage.ask("DELETE", &path).by(BOB).send();
        strange.refused(404, "SCHEDULE_NOT_FOUND");
        stage.delete(&path).ok(204);
        stage.get(&path).refused(404, "SCHEDULE_NOT_FOUND");
        let nothing = format!("/schedules/{NOTHING}");
        stage.get(&nothing).refused(404, "SCHEDULE_NOT_FOUND");
    }
}
