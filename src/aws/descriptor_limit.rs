//! How many connections there may be: what the process may open bounds the calls that are under way at once.

use tracing::warn;

/// Descriptors that are not sockets to AWS: files, pipes, resolving names, and what credentials come from.
const OTHERS: usize = 32;

/// Idle connections are kept by host, and there is a host a Region and service: about so many are called much.
const HOSTS: usize = 36;

/// As many calls under way use the quotas of 500 accounts × 17 Regions up. More are there for whoever asks for them.
const USUAL: usize = 8_192;

/// What is assumed where the system does not say: the usual limit of macOS.
const UNKNOWN: usize = 256;

/// How the process's descriptors are shared out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DescriptorLimit {
    /// Calls under way at once, each on its own connection.
    pub calls: usize,
    /// Idle connections that are kept to one host.
    pub idle_per_host: usize,
}

impl DescriptorLimit {
    /// Those of this process, whose limit is raised as far as the system lets it. `asked`: for how many calls at once.
    pub fn of_this_process(asked: Option<usize>) -> Self {
        let may_open = rlimit::increase_nofile_limit(u64::MAX).ok();
        let may_open = may_open.map_or(UNKNOWN, |limit| {
            usize::try_from(limit).unwrap_or(usize::MAX)
        });
        let sockets = Self::among(may_open, asked);
        if let Some(asked) = asked.filter(|asked| *asked > sockets.calls) {
            warn!(
                asked,
                calls_at_once = sockets.calls,
                may_open,
                "limits.concurrency is more than this process may open connections for, and is lowered (ulimit -n)"
            );
        }
        sockets
    }

    /// Those of a process that needs no descriptors for its calls.
    pub fn unbounded(asked: Option<usize>) -> Self {
        Self::among(usize::MAX, asked)
    }

    /// Half of the descriptors are for calls, the others for connections that wait for their next call.
    fn among(descriptors: usize, asked: Option<usize>) -> Self {
        let free = descriptors.saturating_sub(OTHERS);
        let calls = asked.unwrap_or(USUAL).min(free / 2).max(1);
        Self {
            calls,
            idle_per_host: (free.saturating_sub(calls) / HOSTS).min(calls),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_opened_is_never_exceeded() {
        for descriptors in [64, 256, 1_024, 65_536, usize::MAX] {
            for asked in [None, Some(1), Some(64), Some(100_000)] {
                let DescriptorLimit {
                    calls,
                    idle_per_host,
                } = DescriptorLimit::among(descriptors, asked);
                assert!(
                    calls >= 1 && calls + HOSTS * idle_per_host + OTHERS <= descriptors,
                    "{descriptors} {asked:?}"
                );
                assert!(
                    asked.is_none_or(|asked| calls <= asked),
                    "{descriptors} {asked:?}"
                );
            }
        }
        assert_eq!(
            DescriptorLimit::among(256, None),
            DescriptorLimit {
                calls: 112,
                idle_per_host: 3
            }
        );
        assert_eq!(DescriptorLimit::among(1 << 20, None).calls, USUAL);
        assert_eq!(
            DescriptorLimit::among(1 << 20, Some(100_000)).calls,
            100_000
        );
    }
}
