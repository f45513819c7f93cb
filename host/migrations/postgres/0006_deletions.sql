-- Whoever takes deletions back looks for them by their time. Most of the feed tells of other things, and is not gone through.
create index changes_deletions on changes (account, sequence, at) where kind in ('deleted', 'removed');
