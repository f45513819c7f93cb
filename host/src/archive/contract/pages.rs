use super::*;
use crate::{
    archive::{Around, MessagePage},
    model::Reply,
};

impl Desk {
    async fn page(&self, page: MessagePage) -> Vec<i32> {
        ids(&self.messages(self.key(GROUP), page).await.unwrap())
    }
}

/// Every third id, from 3 to 300; a message each minute.
async fn hundred(desk: &Desk) {
    let message =
        |id: i32| Message { date: moment(i64::from(id) * 20), ..worlds::plain(GROUP, id * 3, "so") };
    desk.tell((1..=100).map(|id| told(message(id))).collect()).await;
    desk.tell((1..=300).map(|id| said(OTHER, id, "not here")).collect()).await;
}

pub(crate) async fn pages_go_on_from_any_message(desk: Desk) {
    hundred(&desk).await;
    let page = |around| MessagePage::new(around, 3);
    assert_eq!(desk.page(page(Around::End)).await, [294, 297, 300]);
    assert_eq!(desk.page(page(Around::Before(MessageId(294)))).await, [285, 288, 291]);
    assert_eq!(desk.page(page(Around::Before(MessageId(293)))).await, [285, 288, 291]);
    assert_eq!(desk.page(page(Around::Before(MessageId(3)))).await, [0; 0]);
    assert_eq!(desk.page(page(Around::After(MessageId(0)))).await, [3, 6, 9]);
    assert_eq!(desk.page(page(Around::After(MessageId(297)))).await, [300]);
    assert_eq!(desk.page(page(Around::After(MessageId(i32::MAX)))).await, [0; 0]);
    assert_eq!(desk.page(MessagePage::new(Around::End, 0)).await, [0; 0]);
    let mut all = Vec::new();
    loop {
        let from = all.last().copied().unwrap_or(0);
        let next = desk.page(MessagePage::new(Around::After(MessageId(from)), 7)).await;
        if next.is_empty() {
            break;
        }
        all.extend(next);
    }
    assert_eq!(all, (1..=100).map(|id| id * 3).collect::<Vec<_>>());
    desk.finish().await;
}

pub(crate) async fn pages_begin_at_a_date(desk: Desk) {
    hundred(&desk).await;
    for (second, first) in [(0, 3), (20, 3), (21, 6), (1000, 150), (1001, 153), (2000, 300)] {
        let page = MessagePage::new(Around::Date(moment(second)), 1);
        assert_eq!(desk.page(page).await, [first], "from {second} on");
    }
    assert_eq!(desk.page(MessagePage::new(Around::Date(moment(2001)), 1)).await, [0; 0]);
    desk.finish().await;
}

pub(crate) async fn pages_keep_to_dates_senders_and_topics(desk: Desk) {
    hundred(&desk).await;
    let all = |around| MessagePage::new(around, 100);
    let between = MessagePage { from: Some(moment(100)), to: Some(moment(140)), ..all(Around::End) };
    assert_eq!(desk.page(between.clone()).await, [15, 18], "the end is not part of it");
    assert_eq!(
        desk.page(MessagePage { around: Around::After(MessageId(15)), ..between.clone() }).await,
        [18]
    );
    assert_eq!(desk.page(MessagePage { to: Some(moment(20)), ..between }).await, [0; 0]);

    let by = |id: i32, sender: i64, topic: Option<i32>| {
        let reply = topic.map(|topic| Reply {
            message: Some(MessageId(topic)),
            is_in_topic: true,
            ..Reply::default()
        });
        let date = moment(3000 + i64::from(id));
        told(Message {
            date,
            sender: Some(PeerId::user(sender)),
            reply: reply.map(Box::new),
            ..worlds::plain(GROUP, id, "so")
        })
    };
    desk.tell(vec![by(400, 1, Some(350)), by(401, 2, Some(350)), by(402, 2, None), by(403, 1, Some(351))])
        .await;
    let of = |sender: i64| MessagePage { sender: Some(PeerId::user(sender)), ..all(Around::End) };
    assert_eq!(desk.page(of(2)).await, [401, 402]);
    let topic = |id| MessagePage { topic: Some(MessageId(id)), ..all(Around::After(MessageId(300))) };
    assert_eq!(desk.page(topic(350)).await, [400, 401]);
    assert_eq!(desk.page(topic(1)).await, [402], "the general topic");
    assert_eq!(desk.page(MessagePage { sender: Some(PeerId::user(2)), ..topic(350) }).await, [401]);
    desk.finish().await;
}

pub(crate) async fn pages_of_a_chat_out_of_order_are_whole(desk: Desk) {
    // As imports bring them: later ids with earlier dates, in several batches.
    let message =
        |(id, second): (i32, i64)| told(Message { date: moment(second), ..worlds::plain(GROUP, id, "so") });
    let told = [(10, 500), (20, 300), (30, 400), (40, 100), (50, 600), (25, 700)];
    for chunk in told.chunks(2) {
        desk.tell(chunk.iter().copied().map(message).collect()).await;
    }
    for second in (0..=800).step_by(50) {
        let mut expected: Vec<i32> = told.iter().filter(|it| it.1 >= second).map(|it| it.0).collect();
        expected.sort_unstable();
        let page = MessagePage { from: Some(moment(second)), ..MessagePage::new(Around::End, 100) };
        assert_eq!(desk.page(page).await, expected, "from {second}");
        let mut before: Vec<i32> = told.iter().filter(|it| it.1 < second).map(|it| it.0).collect();
        before.sort_unstable();
        let page =
            MessagePage { to: Some(moment(second)), ..MessagePage::new(Around::After(MessageId(0)), 100) };
        assert_eq!(desk.page(page).await, before, "to {second}");
        let first = expected.first().copied();
        let page = MessagePage::new(Around::Date(moment(second)), 1);
        assert_eq!(desk.page(page).await.first().copied(), first, "at {second}");
    }
    desk.finish().await;
}
