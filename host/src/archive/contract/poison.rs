use super::*;
use crate::archive::{Poison, PoisonPage, PoisonPlace};

fn poison(chat: PeerId, id: i32) -> Write {
    let (id, reason, at) = (MessageId(id), "odd bytes".to_owned(), moment(1));
    Write::Poison(Box::new(Poison { chat, id, reason, bytes: None, attempts: 1, first: at, last: at }))
}

type Row = (AccountName, PeerId, i32);

/// All pages, and where the first one ends.
async fn pages(desk: &Desk, page: PoisonPage) -> (Vec<Vec<Row>>, Option<PoisonPlace>) {
    let (mut pages, mut next, mut first) = (Vec::new(), page.after, None);
    loop {
        let (found, further) = desk.poison_after(PoisonPage { after: next, ..page.clone() }).await.unwrap();
        pages.push(found.into_iter().map(|(account, it)| (account, it.chat, it.id.0)).collect());
        first = first.or(further);
        next = further;
        if next.is_none() {
            return (pages, first);
        }
    }
}

pub(crate) async fn poison_is_read_page_by_page(desk: Desk) {
    let all = PoisonPage { limit: 3, ..PoisonPage::default() };
    assert_eq!(pages(&desk, all.clone()).await, (vec![vec![]], None));
    let work: AccountName = "work".parse().unwrap();
    // Chats are numbered as they come.
    for chat in [GROUP, ADA, OTHER] {
        desk.tell(vec![said(chat, 1, "so")]).await;
    }
    desk.tell(vec![poison(OTHER, 5), poison(GROUP, 7), poison(GROUP, -3), poison(ADA, 2)]).await;
    desk.write(Batch { account: work.clone(), ..desk.batch(vec![poison(GROUP, 9), poison(GROUP, 4)]) })
        .await
        .unwrap();
    let main = |chat, id| (desk.account.clone(), chat, id);
    let (first, second) = (
        vec![main(GROUP, -3), main(GROUP, 7), main(ADA, 2)],
        vec![main(OTHER, 5), (work.clone(), GROUP, 4), (work.clone(), GROUP, 9)],
    );
    let (found, next) = pages(&desk, all.clone()).await;
    assert_eq!(found, [first, second]);
    // A page that is just full is the last one; one more row is another page.
    for (limit, count) in [(1, 6), (2, 3), (4, 2), (5, 2), (6, 1), (100, 1)] {
        let (found, _) = pages(&desk, PoisonPage { limit, ..all.clone() }).await;
        assert_eq!((found.len(), found.concat().len()), (count, 6), "{limit}");
    }
    for (account, chat, expected) in [
        (Some(work.clone()), None, vec![4, 9]),
        (None, Some(GROUP), vec![-3, 7, 4, 9]),
        (Some(desk.account.clone()), Some(GROUP), vec![-3, 7]),
        (Some(work), Some(OTHER), vec![]),
    ] {
        let page = PoisonPage { account: account.clone(), chat, after: None, limit: 1 };
        let ids: Vec<i32> = pages(&desk, page).await.0.concat().into_iter().map(|(.., id)| id).collect();
        assert_eq!(ids, expected, "{account:?} {chat:?}");
    }
    // The place is one in words, and when what stood there is well.
    let next: PoisonPlace = next.unwrap().to_string().parse().unwrap();
    desk.tell(vec![Write::Healed { chat: ADA, id: MessageId(2) }]).await;
    let (found, _) = pages(&desk, PoisonPage { after: Some(next), ..all.clone() }).await;
    assert_eq!(found.concat().len(), 3);
    desk.tell(vec![Write::ForgetChat { chat: ADA }]).await;
    let (found, _) = pages(&desk, PoisonPage { after: Some(next), ..all }).await;
    assert_eq!(found.concat()[0], main(OTHER, 5));
    for place in ["", "5", "5:", ":5", "a:5", "5:99999999999"] {
        assert!(place.parse::<PoisonPlace>().is_err(), "{place}");
    }
    desk.finish().await;
}
