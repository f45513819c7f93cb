use grammers_tl_types::{
    enums::{ButtonType, InlineButtonType, KeyboardButtonRow, KeyboardInlineButtonRow, ReplyMarkup},
    types,
};

use super::super::scene::Scene;

/// What bots put below their messages.
pub(super) fn keyboard(within: usize, scene: &mut Scene<'_>) -> Option<ReplyMarkup> {
    Some(match within % 8 {
        1 => types::ReplyInlineMarkup {
            force_reply: false,
            rows: vec![
                inline(&scene.label(), types::InlineButtonTypeUrl { url: "https://example.org/".into() }),
                inline(
                    "▶️",
                    types::InlineButtonTypeCallback { requires_password: false, data: b"play".to_vec() },
                ),
                inline("Copy", types::InlineButtonTypeCopy { copy_text: scene.label() }),
            ],
        }
        .into(),
        3 => types::ReplyKeyboardMarkup {
            resize: true,
            single_use: true,
            selective: false,
            persistent: false,
            force_reply: false,
            rows: vec![row(&scene.label(), ButtonType::Default), row("☎️", ButtonType::RequestPhone)],
            placeholder: Some(scene.label()),
        }
        .into(),
        5 => types::ReplyKeyboardHide { selective: false }.into(),
        7 => types::ReplyKeyboardForceReply { single_use: true, selective: false, placeholder: None }.into(),
        _ => return None,
    })
}

fn inline(text: &str, kind: impl Into<InlineButtonType>) -> KeyboardInlineButtonRow {
    let button = types::KeyboardInlineButton { style: None, text: text.into(), r#type: kind.into() };
    types::KeyboardInlineButtonRow { buttons: vec![button.into()] }.into()
}

fn row(text: &str, kind: ButtonType) -> KeyboardButtonRow {
    let button = types::KeyboardButton { style: None, text: text.into(), r#type: kind };
    types::KeyboardButtonRow { buttons: vec![button.into()] }.into()
}
