use grammers_tl_types as tl;

use super::{Caller, Refusal};
use crate::telegram::{DataCenter, Telegram};

/// How long a client may trust the configuration, in seconds.
const CONFIG_LASTS: i32 = 3600;

pub(super) fn get_config(
    t: &mut Telegram,
    caller: &Caller,
    _: tl::functions::help::GetConfig,
) -> Result<tl::enums::Config, Refusal> {
    let date = t.now();
    Ok(tl::types::Config {
        default_p2p_contacts: true,
        preload_featured_stickers: false,
        revoke_pm_inbox: true,
        blocked_mode: false,
        force_try_ipv6: false,
        date,
        expires: date.saturating_add(CONFIG_LASTS),
        test_mode: false,
        this_dc: caller.dc,
        dc_options: t.data_centers.iter().flat_map(dc_options).collect(),
        dc_txt_domain_name: "apv3.stel.com".into(),
        chat_size_max: 200,
        megagroup_size_max: 200_000,
        forwarded_count_max: 100,
        online_update_period_ms: 210_000,
        offline_blur_timeout_ms: 5_000,
        offline_idle_timeout_ms: 30_000,
        online_cloud_timeout_ms: 300_000,
        notify_cloud_delay_ms: 30_000,
        notify_default_delay_ms: 1_500,
        push_chat_period_ms: 60_000,
        push_chat_limit: 2,
        edit_time_limit: 172_800,
        revoke_time_limit: i32::MAX,
        revoke_pm_time_limit: i32::MAX,
        rating_e_decay: 2_419_200,
        stickers_recent_limit: 200,
        channels_read_media_period: 604_800,
        tmp_sessions: None,
        call_receive_timeout_ms: 20_000,
        call_ring_timeout_ms: 90_000,
        call_connect_timeout_ms: 30_000,
        call_packet_timeout_ms: 10_000,
        me_url_prefix: "https://t.me/".into(),
        autoupdate_url_prefix: None,
        gif_search_username: Some("gif".into()),
        venue_search_username: Some("foursquare".into()),
        img_search_username: Some("bing".into()),
        static_maps_provider: None,
        caption_length_max: 1024,
        message_length_max: 4096,
        webfile_dc_id: 4,
        suggested_lang_code: None,
        lang_pack_version: None,
        base_lang_pack_version: None,
        reactions_default: None,
        autologin_token: None,
    }
    .into())
}

/// Clients keep these addresses and dial them later: they have to be this machine's.
fn dc_options(dc: &DataCenter) -> impl Iterator<Item = tl::enums::DcOption> {
    let id = dc.id;
    std::iter::once(dc.address).chain(dc.ipv6).map(move |address| {
        tl::types::DcOption {
            ipv6: address.is_ipv6(),
            media_only: false,
            tcpo_only: false,
            cdn: false,
            r#static: true,
            this_port_only: true,
            id,
            ip_address: address.ip().to_string(),
            port: address.port().into(),
            secret: None,
        }
        .into()
    })
}

pub(super) fn get_nearest_dc(
    t: &mut Telegram,
    caller: &Caller,
    _: tl::functions::help::GetNearestDc,
) -> Result<tl::enums::NearestDc, Refusal> {
    let nearest_dc = t.nearest_dc;
    Ok(tl::types::NearestDc { country: "NL".into(), this_dc: caller.dc, nearest_dc }.into())
}
