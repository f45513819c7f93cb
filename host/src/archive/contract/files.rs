use super::*;
use crate::archive::{
    AvatarRecord, AvatarsPage, BlobHash, ChangeKind, FileKey, FilePlace, FileState, FilesPage, MediaClass,
    StoredFile,
};

/// Messages of one chat that have files.
async fn with_files(desk: &Desk) -> Vec<StoredFile> {
    let world = worlds::talk(21, 900, 4);
    let has_files = |message: &&Message| !message.files().is_empty();
    let chat = world.iter().find(has_files).unwrap().chat;
    let messages: Vec<Message> =
        world.into_iter().filter(|it| it.chat == chat && !it.files().is_empty()).take(12).collect();
    desk.tell(messages.into_iter().map(told).collect()).await;
    let (files, _) = desk.files(page(MediaClass::All, 1000)).await.unwrap();
    assert!(files.len() >= 6, "{}", files.len());
    files
}

fn page(class: MediaClass, limit: usize) -> FilesPage {
    FilesPage { account: None, chat: None, class, most_attempts: 99, after: 0, limit }
}

fn held(byte: u8, bytes: u64) -> FileState {
    FileState::Held(FilePlace { hash: BlobHash([byte; 32]), bytes, link: format!("5/{byte}.jpg") })
}

fn state(key: &FileKey, state: FileState) -> Write {
    Write::File { key: key.clone(), state }
}

pub(crate) async fn files_go_from_wanted_to_held(desk: Desk) {
    let files = with_files(&desk).await;
    let chat = files[0].key.chat;
    assert!(files.iter().all(|file| file.state == FileState::Wanted && file.attempts == 0));
    let failed = FileState::Failed { why: "timeout".into() };
    let before =
        desk.tell(vec![state(&files[0].key, failed.clone()), state(&files[0].key, failed.clone())]).await;
    let of = async |key: &FileKey| -> StoredFile {
        let found = desk.files_of(desk.key(key.chat), vec![key.id]).await.unwrap();
        found.into_iter().find(|it| it.key == *key).unwrap()
    };
    let tried = of(&files[0].key).await;
    assert_eq!((&tried.state, tried.attempts), (&failed, 2));
    let few = FilesPage { most_attempts: 1, ..page(MediaClass::Wanted, 1000) };
    assert_eq!(desk.files(few).await.unwrap().0.len(), files.len() - 1);
    desk.tell(vec![
        state(&files[0].key, held(1, 50)),
        state(&files[1].key, FileState::Skipped { why: "large".into() }),
    ])
    .await;
    assert_eq!(of(&files[0].key).await.state, held(1, 50));
    let wanted = desk.files(page(MediaClass::Wanted, 1000)).await.unwrap().0;
    assert_eq!(wanted.len(), files.len() - 2);
    let there = desk.files(page(MediaClass::Held, 1000)).await.unwrap().0;
    assert_eq!(there.iter().map(|it| &it.key).collect::<Vec<_>>(), [&files[0].key]);
    let figures = desk.chat(desk.key(chat)).await.unwrap().unwrap().figures;
    assert_eq!((figures.files, figures.file_bytes), (files.len() as u64, 50));
    let all = desk.figures().await.unwrap();
    assert_eq!((all.files_held, all.files_wanted, all.blob_bytes), (1, files.len() as u64 - 2, 50));
    // Lost, and to be fetched again.
    desk.tell(vec![state(&files[0].key, FileState::Wanted)]).await;
    let again = of(&files[0].key).await;
    assert_eq!((again.state, again.attempts), (FileState::Wanted, 0));
    assert_eq!(desk.chat(desk.key(chat)).await.unwrap().unwrap().figures.file_bytes, 0);
    let kinds: Vec<ChangeKind> = desk.since(before.sequence).await.iter().map(|it| it.kind).collect();
    assert_eq!(kinds, [ChangeKind::File, ChangeKind::File], "held, and not any more");
    let stranger = FileKey { chat, id: MessageId(i32::MAX), file: 1 };
    desk.tell(vec![state(&stranger, held(9, 1))]).await;
    desk.finish().await;
}

pub(crate) async fn files_that_went_are_known(desk: Desk) {
    let is_photo = |message: &&Message| message.media.as_ref().is_some_and(|media| media.file.is_some());
    let old = worlds::talk(22, 400, 4).iter().find(is_photo).unwrap().clone();
    let mut new = old.clone();
    let file = new.media.as_mut().unwrap().file.as_mut().unwrap();
    file.id += 1;
    new.edited = Some(moment(0));
    let was = old.media.as_ref().unwrap().file.as_ref().unwrap();
    let key = FileKey { chat: old.chat, id: old.id, file: was.id };
    desk.tell(vec![told(old.clone()), state(&key, held(3, 7)), told(new.clone())]).await;
    let files = desk.files_of(desk.key(old.chat), vec![old.id]).await.unwrap();
    let kept = files.iter().find(|it| it.key.file == was.id).expect("what was fetched is kept");
    assert_eq!((&kept.file, &kept.state), (&**was, &held(3, 7)));
    assert!(files.iter().any(|it| it.key.file == was.id + 1 && it.state == FileState::Wanted));
    assert!(desk.orphans(10).await.unwrap().is_empty());
    desk.finish().await;
}

pub(crate) async fn files_are_found_by_the_page(desk: Desk) {
    let files = with_files(&desk).await;
    let chat = files[0].key.chat;
    desk.tell(worlds::talk(23, 300, 4).into_iter().filter(|it| it.chat != chat).map(told).collect()).await;
    let narrowed =
        |class| FilesPage { account: Some(desk.account.clone()), chat: Some(chat), ..page(class, 4) };
    for class in [MediaClass::All, MediaClass::Wanted] {
        let mut found = Vec::new();
        let mut after = 0;
        loop {
            let (page, end) = desk.files(FilesPage { after, ..narrowed(class) }).await.unwrap();
            if page.is_empty() {
                break;
            }
            assert!(page.len() <= 4 && end > after);
            after = end;
            found.extend(page.into_iter().map(|it| it.key));
        }
        assert_eq!(found, files.iter().map(|it| it.key.clone()).collect::<Vec<_>>());
    }
    let (all, _) = desk.files(page(MediaClass::All, 10_000)).await.unwrap();
    assert!(all.len() > files.len());
    let nobody = FilesPage { account: Some("nobody".parse().unwrap()), ..page(MediaClass::All, 9) };
    assert!(desk.files(nobody).await.unwrap().0.is_empty());
    desk.finish().await;
}

pub(crate) async fn orphans_are_what_nobody_speaks_of(desk: Desk) {
    let files = with_files(&desk).await;
    let (one, two, three) = (BlobHash([1; 32]), BlobHash([2; 32]), BlobHash([3; 32]));
    let picture = Write::Avatar { peer: ADA, photo: 5, hash: three, extension: "jpg".into() };
    desk.tell(vec![
        Write::Blob { hash: three, bytes: 30 },
        Write::Blob { hash: two, bytes: 20 },
        state(&files[0].key, held(1, 10)),
        state(&files[1].key, held(1, 10)),
        picture,
    ])
    .await;
    assert_eq!(desk.figures().await.unwrap().blob_bytes, 60, "each once");
    assert_eq!(desk.orphans(10).await.unwrap(), [two]);
    let known = desk.known_blobs(vec![three, BlobHash([9; 32]), one]).await.unwrap();
    assert_eq!(known, [three, one], "what a row speaks of");
    desk.tell(vec![Write::BlobGone { hash: two }, Write::BlobGone { hash: one }]).await;
    assert_eq!(desk.orphans(10).await.unwrap(), []);
    assert_eq!(desk.figures().await.unwrap().blob_bytes, 40, "one that is spoken of stays");
    let gone = |file: &StoredFile| Write::Deleted {
        chat: file.key.chat,
        id: file.key.id,
        mode: crate::archive::DeletionMode::Hard,
    };
    desk.tell(files.iter().map(gone).collect()).await;
    assert_eq!(desk.orphans(10).await.unwrap(), [one]);
    desk.finish().await;
}

pub(crate) async fn pictures_of_chats_are_kept(desk: Desk) {
    let picture =
        |photo, byte| Write::Avatar { peer: ADA, photo, hash: BlobHash([byte; 32]), extension: "jpg".into() };
    assert_eq!(desk.avatar(desk.account.clone(), ADA).await.unwrap(), None);
    desk.tell_at(moment(1), vec![Write::Blob { hash: BlobHash([1; 32]), bytes: 3 }, picture(5, 1)]).await;
    desk.tell_at(moment(2), vec![picture(4, 2)]).await;
    desk.tell_at(moment(1), vec![picture(5, 1)]).await;
    let expected = AvatarRecord { photo: 4, hash: BlobHash([2; 32]), extension: "jpg".into() };
    assert_eq!(desk.avatar(desk.account.clone(), ADA).await.unwrap(), Some(expected));
    let newest = desk.newest_avatars(desk.account.clone(), vec![PeerId::user(99), ADA]).await.unwrap();
    assert_eq!(newest.iter().map(|(peer, it)| (*peer, it.photo)).collect::<Vec<_>>(), [(ADA, 4)]);
    assert!(desk.orphans(9).await.unwrap().is_empty(), "earlier ones are kept");
    let page = |after| AvatarsPage { account: desk.account.clone(), peer: None, after, limit: 1 };
    let all = desk.avatars(page(None)).await.unwrap();
    assert_eq!(all.iter().map(|(peer, it)| (*peer, it.photo)).collect::<Vec<_>>(), [(ADA, 4)]);
    let next = desk.avatars(page(Some((ADA, 4)))).await.unwrap();
    assert_eq!(next.iter().map(|(peer, it)| (*peer, it.photo)).collect::<Vec<_>>(), [(ADA, 5)]);
    assert!(desk.avatars(page(Some((ADA, 5)))).await.unwrap().is_empty());
    desk.finish().await;
}
