//! How many connections the process may open, which bounds the number of calls in flight.

use tracing::warn;

/// File descriptors for other uses: files, pipes, name resolution, and credential sources.
const OTHERS: usize = 32;

/// Idle connections are kept per host, and there is one host per Region and service. About this
/// many hosts are called often.
const HOSTS: usize = 36;

/// The default number of calls in flight, which uses the quotas of 500 accounts × 17 Regions fully.
/// More can be configured.
const USUAL: usize = 8_192;

/// The limit that is assumed if the system does not report one: the default of macOS.
const UNKNOWN: usize = 256;

/// How the file descriptors of the process are distributed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DescriptorLimit {
    /// The maximum number of calls in flight, each with its own connection.
    pub calls: usize,
    /// The maximum number of idle connections to one host.
    pub idle_per_host: usize,
}

impl DescriptorLimit {
    /// The limit of this process, raised as far as the system allows. `asked` is the configured
    /// number of calls in flight.
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

    /// The limit of a process whose calls need no descriptors.
    pub fn unbounded(asked: Option<usize>) -> Self {
        Self::among(usize::MAX, asked)
    }

    /// Up to half of the free descriptors are for calls, the others for idle connections.
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
