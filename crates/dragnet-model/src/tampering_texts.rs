//! How the calls of [`TAMPERING_RULES`](super::TAMPERING_RULES) are searched for: with parts of their
//! names in a filter pattern, and with some of their names in an event history.

/// Texts of which each event name of the table contains one. They are parts of words, so that one
/// filter pattern with all of them has less than 1,024 characters. No name of an operation that
/// only reads contains one, nor does a name that most accounts record all the time.
///
/// They consist of letters, so no encoder of JSON escapes them, and a filter pattern needs no
/// quotes.
pub const TAMPERING_TEXTS: [&str; 97] = [
    "LeaveOr",
    "PutBuck",
    "PutDeli",
    "PutInsi",
    "PutKeyP",
    "PutLogG",
    "PutLogg",
    "PutMode",
    "PutRete",
    "PutSink",
    "PutTran",
    "StopLog",
    "StopMon",
    "StopTel",
    "ableImp",
    "ateFilt",
    "ateIPSe",
    "ateStag",
    "ationDele",
    "chDisab",
    "chiveFi",
    "ciateKm",
    "dateDoc",
    "dateLin",
    "difyCli",
    "difyLoa",
    "eAccessL",
    "eAnalyz",
    "eEventDa",
    "eModelI",
    "eResolverQ",
    "eResourceTy",
    "eTrustedE",
    "eateTel",
    "eduleKe",
    "eleteAw",
    "emoveAc",
    "erDataL",
    "eteEventBu",
    "eteGrap",
    "eteLink",
    "eteQuer",
    "eteResourcePo",
    "eteServiceL",
    "eteSubs",
    "eteSysl",
    "eteTraf",
    "iateFro",
    "leteAgg",
    "leteBuc",
    "leteFin",
    "leteLog",
    "leteRul",
    "leteSin",
    "leteTel",
    "moveTar",
    "nnectCu",
    "odifyDB",
    "odifyVe",
    "ortedKe",
    "pEventD",
    "pdateTel",
    "sableAW",
    "sableKe",
    "sableLo",
    "sableMa",
    "sableOr",
    "sablePo",
    "sableRe",
    "sableRu",
    "sableSe",
    "sterDel",
    "teArchi",
    "teCentr",
    "teChann",
    "teConfigurationA",
    "teConfigurationR",
    "teDataL",
    "teDeliv",
    "teDesti",
    "teDetec",
    "teFlowL",
    "teLoggi",
    "teMembe",
    "teOrgan",
    "tePublishi",
    "teTrail",
    "topConf",
    "untPolicy",
    "usterCo",
    "ustomLo",
    "utConfigu",
    "utDataP",
    "utEventC",
    "utEventS",
    "utObjectLockC",
    "utResou",
];

/// The events that are looked up in an event history of which only some events are read. Each
/// takes a call per account-Region, so these are only the ones that end recording.
pub const LOOKED_UP_TAMPERING: [&str; 12] = [
    "DeleteEventDataStore",
    "DeleteFlowLogs",
    "DeleteLogGroup",
    "DeleteLogStream",
    "DeleteTrail",
    "DisableRegion",
    "LeaveOrganization",
    "PutAccountPolicy",
    "PutEventSelectors",
    "PutRetentionPolicy",
    "StopLogging",
    "UpdateTrail",
];

#[cfg(test)]
mod tests {
    use super::super::tampering_event_names;
    use super::*;

    #[test]
    fn looked_up_names_are_in_the_table() {
        assert!(LOOKED_UP_TAMPERING.is_sorted());
        let names = tampering_event_names();
        assert!(LOOKED_UP_TAMPERING.iter().all(|name| names.contains(name)));
    }

    #[test]
    fn texts_select_every_name_and_none_that_only_reads() {
        for name in tampering_event_names() {
            assert!(
                TAMPERING_TEXTS.iter().any(|text| name.contains(text)),
                "{name}"
            );
        }
        for text in TAMPERING_TEXTS {
            assert!(text.len() >= 7 && text.bytes().all(|byte| byte.is_ascii_alphabetic()));
        }
        for frequent in [
            "AssumeRole",
            "CreateLogStream",
            "DeleteNetworkInterface",
            "DeregisterTargets",
            "DescribeConfigurationRecorders",
            "DescribeLogGroups",
            "DescribeTrails",
            "GetEventSelectors",
            "GetResourcePolicy",
            "ListBuckets",
            "PutConfigRule",
            "PutEvents",
            "PutObject",
            "RegisterTargets",
        ] {
            let selected = TAMPERING_TEXTS
                .iter()
                .find(|text| frequent.contains(**text));
            assert_eq!(selected, None, "{frequent}");
        }
    }
}
