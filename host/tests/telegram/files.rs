//! Files live in data centres of their own, where an account has to be logged in first.

use futures_util::future::join_all;
use grammers_tl_types::{
    enums::upload::File as Part, functions::upload::GetFile, types::InputDocumentFileLocation,
};
use tapedeck::telegram::{Client, Error, Lane};
use tapedeck_sim::telegram::{File, Peer};

use crate::support::{ADA, GRACE, Scene, soon};

/// A file in data centre 4 that Grace has sent to Ada.
fn file(scene: &Scene) -> File {
    scene.telegram(|t| {
        let mut file = t.add_document(vec![7_u8; 300_000], "application/octet-stream", Vec::new());
        file.dc = 4;
        t.files.add(file.clone());
        t.send_file(Peer::User(ADA), GRACE, &file, "");
        file
    })
}

fn part(scene: &Scene, file: &File, limit: i32) -> GetFile {
    let location = InputDocumentFileLocation {
        id: file.id,
        access_hash: file.access_hash,
        file_reference: scene.telegram(|t| t.files.reference(file.id)),
        thumb_size: String::new(),
    };
    GetFile { precise: false, cdn_supported: false, location: location.into(), offset: 0, limit }
}

async fn get(client: &Client, lane: Lane, call: &GetFile) -> Result<usize, Error> {
    match client.invoke_in(lane, call).await? {
        Part::File(part) => Ok(part.bytes.len()),
        Part::CdnRedirect(_) => panic!("nobody asked for that"),
    }
}

#[tokio::test]
async fn parts_of_a_mebibyte_are_never_asked_for() {
    let scene = Scene::open().await;
    let call = part(&scene, &file(&scene), 1024 * 1024);
    let error = soon(get(&scene.client(), Lane::Media(4), &call)).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { method: "upload.getFile" }), "{error}");
    assert_eq!(scene.calls("upload.getFile"), 0);
    scene.finish();
}

#[tokio::test]
async fn login_is_copied_once_for_many_parts() {
    let scene = Scene::open().await;
    let call = part(&scene, &file(&scene), 512 * 1024);
    let client = scene.client();
    let parts = join_all((0..8).map(|_| get(&client, Lane::Media(4), &call)));
    for part in soon(parts).await {
        assert_eq!(part.unwrap(), 300_000);
    }
    assert_eq!(scene.calls("auth.exportAuthorization"), 1);
    assert_eq!(scene.calls("auth.importAuthorization"), 1);
    scene.finish();
}

#[tokio::test]
async fn lost_login_is_copied_again() {
    let scene = Scene::open().await;
    let call = part(&scene, &file(&scene), 512 * 1024);
    let client = scene.client();
    soon(get(&client, Lane::Media(4), &call)).await.unwrap();
    scene.telegram(|t| {
        let ids: Vec<i64> = t.keys.iter().filter(|(_, key)| key.dc == 4).map(|(id, _)| id).collect();
        for id in ids {
            t.keys.get_mut(id).unwrap().user = None;
        }
    });
    soon(get(&client, Lane::Media(4), &call)).await.unwrap();
    assert_eq!(scene.calls("auth.importAuthorization"), 2);
    scene.finish();
}

#[tokio::test]
async fn files_are_followed_to_their_data_centre() {
    let scene = Scene::open().await;
    let call = part(&scene, &file(&scene), 512 * 1024);
    for lane in [Lane::Main, Lane::Media(1)] {
        assert_eq!(soon(get(&scene.client(), lane, &call)).await.unwrap(), 300_000);
    }
    scene.finish();
}
