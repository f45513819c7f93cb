//! What calls are wrapped in, peeled off in a loop: the layer, the client's self-description,
//! takeout, and the wish to hear no updates.

use bytes::Bytes;
use grammers_tl_types::{
    Cursor, Deserializable, Identifiable as _, deserialize::Error as DecodeError, functions as f,
};

use crate::telegram::state::Device;

/// A call without its wrappers.
#[derive(Debug, Default)]
pub(super) struct Envelope {
    pub(super) layer: Option<i32>,
    pub(super) device: Option<Device>,
    pub(super) takeout: Option<i64>,
    pub(super) without_updates: bool,
    /// The method's id and what follows it.
    pub(super) call: Bytes,
}

/// Stands for the wrapped call; what it is shows where the cursor stands.
struct Rest;

impl Deserializable for Rest {
    fn deserialize(_: &mut Cursor) -> Result<Self, DecodeError> {
        Ok(Self)
    }
}

impl Envelope {
    pub(super) fn peel(body: Bytes) -> Result<Self, DecodeError> {
        let mut envelope = Self { call: body, ..Self::default() };
        loop {
            let mut cursor = Cursor::from_slice(&envelope.call);
            let id = u32::deserialize(&mut cursor)?;
            match id {
                f::InvokeWithLayer::<Rest>::CONSTRUCTOR_ID => {
                    envelope.layer = Some(f::InvokeWithLayer::<Rest>::deserialize(&mut cursor)?.layer);
                }
                f::InitConnection::<Rest>::CONSTRUCTOR_ID => {
                    let said = f::InitConnection::<Rest>::deserialize(&mut cursor)?;
                    envelope.device = Some(Device {
                        api_id: said.api_id,
                        model: said.device_model,
                        system_version: said.system_version,
                        app_version: said.app_version,
                        layer: 0,
                    });
                }
                f::InvokeWithoutUpdates::<Rest>::CONSTRUCTOR_ID => envelope.without_updates = true,
                // Calls are done in the order of their arrival: what has to come before, came.
                f::InvokeAfterMsg::<Rest>::CONSTRUCTOR_ID => {
                    f::InvokeAfterMsg::<Rest>::deserialize(&mut cursor)?;
                }
                f::InvokeAfterMsgs::<Rest>::CONSTRUCTOR_ID => {
                    f::InvokeAfterMsgs::<Rest>::deserialize(&mut cursor)?;
                }
                f::InvokeWithTakeout::<Rest>::CONSTRUCTOR_ID => {
                    let wrapped = f::InvokeWithTakeout::<Rest>::deserialize(&mut cursor)?;
                    envelope.takeout = Some(wrapped.takeout_id);
                }
                _ => return Ok(envelope),
            }
            let peeled = cursor.pos();
            envelope.call = envelope.call.slice(peeled..);
        }
    }
}

#[cfg(test)]
mod tests {
    use grammers_tl_types::Serializable as _;

    use super::*;

    #[test]
    fn wrappers_are_peeled_in_any_order() {
        let call = f::InvokeWithLayer {
            layer: 230,
            query: f::InitConnection {
                api_id: 6,
                device_model: "model".into(),
                system_version: "1".into(),
                app_version: "2".into(),
                system_lang_code: "en".into(),
                lang_pack: String::new(),
                lang_code: "en".into(),
                proxy: None,
                params: None,
                query: f::InvokeAfterMsgs {
                    msg_ids: vec![1, 2],
                    query: f::InvokeWithTakeout {
                        takeout_id: 9,
                        query: f::InvokeWithoutUpdates { query: f::help::GetConfig {} },
                    },
                },
            },
        };
        let envelope = Envelope::peel(call.to_bytes().into()).unwrap();
        assert_eq!((envelope.layer, envelope.takeout, envelope.without_updates), (Some(230), Some(9), true));
        let device = envelope.device.unwrap();
        assert_eq!((device.api_id, device.model.as_str()), (6, "model"));
        assert_eq!(envelope.call[..], f::help::GetConfig {}.to_bytes());
        assert!(Envelope::peel(Bytes::from_static(&[1, 2])).is_err());
    }
}
