//! Secrets.

use domain::error::Code;
use domain::secret::{RotateSecret, SecretValue, SetSecret};
use use_cases::error::UseCaseError;
use use_cases::ports::{PageRequest, Ports, Secrets};
use use_cases::secret;

use crate::home::{Home, kept};

fn command(name: &str) -> SetSecret {
    SetSecret {
        organization_id: None,
        name: name.into(),
        value: SecretValue::kept("correct horse".into()),
        hosts: vec!["a.example".into()],
    }
}

pub(crate) async fn they_are_kept_and_guarded(home: &impl Home) {
    let (ports, context) = (home.ports(0), home.context(0));
    let key = command("key");
    let set = secret::set(ports, context, &key, kept);
    let secret = set.await.unwrap().value;
    let id = secret.secret_id;
    let again = secret::set(ports, context, &command("key"), kept).await;
    let Err(UseCaseError::Refused(taken)) = again else {
        panic!("the name is taken, got {again:?}");
    };
    assert_eq!(taken.code, Code::SecretNameTaken);

    let found = ports.secrets().find(context, id).await.unwrap().unwrap();
    assert_eq!(found.place(), secret.place());
    assert_eq!((found.revision, found.last_used_at), (1, None));
    let hidden = home.ports(1).secrets().find(home.context(1), id);
    assert_eq!(hidden.await.unwrap(), None);
    let page = PageRequest::default();
    let listed = ports.secrets().list(context, None, &page).await.unwrap();
    assert_eq!(listed.items, [found]);

    let new = RotateSecret {
        value: SecretValue::kept("battery staple".into()),
        hosts: Some(vec!["b.example".into()]),
    };
    let rotated = secret::rotate(ports, context, id, &new, kept)
        .await
        .unwrap();
    let found = ports.secrets().find(context, id).await.unwrap().unwrap();
    assert_eq!((rotated.revision, found.revision), (2, 2));
    assert_eq!(found.hosts, ["b.example"]);
    let strange = secret::remove(home.ports(1), home.context(1), id, kept).await;
    assert_eq!(strange, Err(UseCaseError::NotFound(Code::SecretNotFound)));
    secret::remove(ports, context, id, kept).await.unwrap();
    assert_eq!(ports.secrets().find(context, id).await.unwrap(), None);
}
