//! How many connections the process may open, which bounds the number of calls in flight.

use tracing::warn;

/// File descriptors for other uses: files, pipes, name resolution, and credential sources.
const RESERVED: usize = 32;

/// Idle connections are kept per host, and there is one host per Region and service. About this
/// many hosts are called often.
const BUSY_HOSTS: usize = 36;

/// The default number of calls in flight, which uses the quotas of 500 accounts × 17 Regions fully.
/// More can be configured.
const DEFAULT_CALLS: usize = 8_192;

/// The limit that is assumed if the system does not report one: the default of macOS.
const ASSUMED_LIMIT: usize = 256;

/// How the file descriptors of the process are distributed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DescriptorLimit {
    /// The maximum number of calls in flight, each with its own connection.
    pub calls: usize,
    /// The maximum number of idle connections to one host.
    pub idle_per_host: usize,
}

impl DescriptorLimit {
    /// The limit of this process, raised as far as the system allows. `configured` is the number of
    /// calls in flight that the user wants, if set.
    pub(super) fn for_process(configured: Option<usize>) -> Self {
        let reported = rlimit::increase_nofile_limit(u64::MAX).ok();
        let descriptors = reported.map_or(ASSUMED_LIMIT, |limit| {
            usize::try_from(limit).unwrap_or(usize::MAX)
        });
        let limit = Self::distribute(descriptors, configured);
        if let Some(configured) = configured.filter(|configured| *configured > limit.calls) {
            warn!(
                configured,
                lowered_to = limit.calls,
                descriptors,
                "limits.concurrency is higher than the file descriptor limit allows and was lowered; raise the limit (ulimit -n)"
            );
        }
        limit
    }

    /// The limit of a process whose calls need no descriptors.
    pub(super) fn unbounded(configured: Option<usize>) -> Self {
        Self::distribute(usize::MAX, configured)
    }

    /// Up to half of the free descriptors are for calls, the others for idle connections.
    fn distribute(descriptors: usize, configured: Option<usize>) -> Self {
        let free = descriptors.saturating_sub(RESERVED);
        let calls = configured.unwrap_or(DEFAULT_CALLS).min(free / 2).max(1);
        Self {
            calls,
            idle_per_host: (free.saturating_sub(calls) / BUSY_HOSTS).min(calls),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptor_limit_is_never_exceeded() {
        for descriptors in [64, 256, 1_024, 65_536, usize::MAX] {
            for configured in [None, Some(1), Some(64), Some(100_000)] {
                let DescriptorLimit {
                    calls,
                    idle_per_host,
                } = DescriptorLimit::distribute(descriptors, configured);
                assert!(
                    calls >= 1 && calls + BUSY_HOSTS * idle_per_host + RESERVED <= descriptors,
                    "{descriptors} {configured:?}"
                );
                assert!(
                    configured.is_none_or(|configured| calls <= configured),
                    "{descriptors} {configured:?}"
                );
            }
        }
        assert_eq!(
            DescriptorLimit::distribute(256, None),
            DescriptorLimit {
                calls: 112,
                idle_per_host: 3
            }
        );
        assert_eq!(
            DescriptorLimit::distribute(1 << 20, None).calls,
            DEFAULT_CALLS
        );
        assert_eq!(
            DescriptorLimit::distribute(1 << 20, Some(100_000)).calls,
            100_000
        );
    }
}
