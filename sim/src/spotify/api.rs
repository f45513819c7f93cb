use std::time::Duration;

use serde_json::json;

use super::{Ask, Reply, Spotify, login::Access};

const PREMIUM: &str = "Active premium subscription required for the owner of the app. When the subscription status \
                       changes, it can take a few hours before requests are allowed again.";
const NOT_LISTED: &str = "User not registered in the Developer Dashboard";

impl Spotify {
    pub(super) fn api(&mut self, ask: &Ask, path: &str) -> Reply {
        if let Some(reply) = self.too_early(path) {
            return reply;
        }
        let access = match self.holder(ask) {
            Ok(access) => access,
            Err(message) => return refuse(401, message),
        };
        if let Some(app) = self.apps.get(&access.client) {
            // Both come as plain text.
            if !app.is_premium {
                return Reply::text(403, PREMIUM);
            }
            if app.allowed.as_ref().is_some_and(|allowed| !allowed.contains(&access.user)) {
                return Reply::text(403, NOT_LISTED);
            }
        }
        let has = |scope: &str| access.scope.split(' ').any(|one| one == scope);
        match path {
            "/v1/me" => match self.users.get(&access.user) {
                Some(user) => Reply::json(200, &user.to_json()),
                None => refuse(404, "Not found."),
            },
            "/v1/me/player/currently-playing"
                if has("user-read-currently-playing") || has("user-read-playback-state") =>
            {
                self.playing(&access.user, ask, false)
            }
            "/v1/me/player" if has("user-read-playback-state") => self.playing(&access.user, ask, true),
            "/v1/me/player" | "/v1/me/player/currently-playing" => refuse(403, "Insufficient client scope"),
            _ => {
                self.unexpected.push(format!("GET {path}: the simulated Spotify has no such thing"));
                refuse(404, "Service not found")
            }
        }
    }

    fn playing(&mut self, user: &str, ask: &Ask, is_full: bool) -> Reply {
        let (tells, unix_ms) = (self.tells, self.unix_ms());
        let types = ask.query.get("additional_types").map_or("", String::as_str);
        let sees_episodes = types.split(',').any(|one| one == "episode");
        let Some(mut answer) = self.player_of(user).to_json(tells, is_full, unix_ms) else {
            return Reply::text(204, "");
        };
        if answer["currently_playing_type"] == "episode" && !sees_episodes {
            answer["item"] = serde_json::Value::Null;
        }
        Reply::json(200, &answer)
    }

    fn too_early(&mut self, path: &str) -> Option<Reply> {
        let now = self.now();
        let limit = self.limited.as_mut().filter(|limit| limit.until > now)?;
        let left = (limit.until - now + Duration::from_millis(999)).as_secs();
        if std::mem::replace(&mut limit.is_told, true) {
            self.unexpected.push(format!("GET {path}: it was asked {left} s before it may be"));
        }
        let limit = json!({ "error": { "status": 429, "message": "API rate limit exceeded" } });
        Some(Reply::json(429, &limit).header("retry-after", &left.to_string()))
    }

    fn holder(&self, ask: &Ask) -> Result<Access, &'static str> {
        let header = ask.authorization.as_deref().ok_or("No token provided")?;
        let token = header.strip_prefix("Bearer ").ok_or("Only valid bearer authentication supported")?;
        let access = self.access.get(token).ok_or("Invalid access token")?;
        if access.expires <= self.now() { Err("The access token expired") } else { Ok(access.clone()) }
    }
}

fn refuse(status: u16, message: &str) -> Reply {
    Reply::json(status, &json!({ "error": { "status": status, "message": message } }))
}
