use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use super::{Asked, Whose};
use crate::{
    cli::{Context, Exit, Failure, client::Client},
    model::shown_bytes,
    web::SONG_BYTES,
};

/// Put a file of your own on the profile, on top
///
/// It stays until you remove it. Title and artist come from the file's tags, or from its name, such
/// as `Artist - Title.mp3`. At most 50 MiB; add it again under another name to rename it.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Example:
  tapedeck music add 'New Order - Blue Monday.mp3'")]
pub(in crate::cli) struct Args {
    /// A recording, of at most 50 MiB
    file: PathBuf,
    #[command(flatten)]
    whose: Whose,
}

pub(super) async fn run(args: &Args, context: &Context) -> anyhow::Result<()> {
    let bytes = read(&args.file)?;
    let name = args.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let client = Client::need(context).await?;
    let mut query = args.whose.query();
    query.push(("name", name));
    let asked: Asked = client.post_bytes(&["music", "profile", "songs"], &query, bytes).await?;
    asked.tell("is added", context)
}

/// What has no end is not read: it is looked at before it is opened.
fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let shown = file.display();
    let unreadable =
        |error: io::Error| Failure::new(Exit::Usage, format!("cannot read {shown}")).caused_by(error);
    let metadata = std::fs::metadata(file).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(Failure::new(Exit::Usage, format!("{shown} is no file")).fix("Name a recording."));
    }
    let most = SONG_BYTES as u64;
    if metadata.len() > most {
        let has = shown_bytes(metadata.len());
        return Err(Failure::new(Exit::Usage, format!("{shown} has {has}, and at most 50 MiB are taken"))
            .fix("Make it smaller, such as with `ffmpeg -i FILE -b:a 192k SMALLER.mp3`."));
    }
    let mut bytes = Vec::new();
    File::open(file).and_then(|file| file.take(most).read_to_end(&mut bytes)).map_err(unreadable)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_that_end_in_time_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("song.mp3");
        let sized = |bytes: usize| {
            File::create(&path).unwrap().set_len(bytes as u64).unwrap();
            read(&path).map(|bytes| bytes.len()).map_err(|error| error.to_string())
        };
        assert_eq!(sized(7), Ok(7));
        let refused = sized(SONG_BYTES + 1).unwrap_err();
        assert!(refused.contains("at most 50 MiB are taken"), "{refused}");
        for endless in [Path::new("/dev/zero"), folder.path()] {
            assert!(read(endless).unwrap_err().to_string().contains("is no file"));
        }
    }
}
