//! The terms in which [`super::response_table`] describes a response: its format, its members, and
//! how AWS writes an empty list.

/// The format of a response, and the members that it always has.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    /// A JSON object.
    Json(&'static [Member]),
    /// XML: the members are in `<OperationResult>` inside of `<OperationResponse>`.
    Query(&'static [Member]),
    /// XML: `<OperationResponse>` without a result.
    QueryWithoutResult,
    /// XML: the members are in `<OperationResponse>`.
    Ec2(&'static [Member]),
    /// XML: a page of the keys of a bucket, which [`super::s3`] checks.
    ObjectList,
    /// XML with this root element, none of whose members is there in every response.
    Document(&'static str),
    /// The content of an object. Its length and checksum are checked when it is read.
    Object,
    /// No body.
    HeadersOnly,
    /// A permission; no call has this name.
    NoCall,
}

/// A member of a response.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    /// The name, or several names of which at least one is there.
    pub(super) names: &'static [&'static str],
    pub(super) content: Content,
    /// The member is there only if the sibling with this name has this text.
    pub(super) condition: Option<(&'static str, &'static str)>,
}

/// The content of a member.
#[derive(Clone, Copy, Debug)]
pub(super) enum Content {
    /// A text that is not empty.
    Text,
    /// A text that may be empty.
    AnyText,
    /// A number.
    Number,
    /// `true` or `false`.
    Flag,
    /// A flag that some servers leave out.
    OptionalFlag,
    /// An object, or an element with elements.
    Structure(&'static [Member]),
    /// A list whose items have these members.
    List(&'static [Member], EmptyList),
    /// A list that AWS leaves out of some responses; its items have these members.
    OptionalList(&'static [Member]),
    /// A list of lists whose items have these members.
    Rows(&'static [Member], EmptyList),
    /// The token of the next page, which the last page does not have. Only its spelling is checked.
    Token,
}

/// How AWS writes the list if it is empty.
#[derive(Clone, Copy, Debug)]
pub(super) enum EmptyList {
    /// The list is there, without items. The text names a response that AWS sent.
    Recorded(&'static str),
    /// No response with an empty list is known. A list without items is accepted; an absent list
    /// fails as `UnprovenEmpty`, because it may be AWS's spelling of "nothing there" or a broken
    /// response.
    Unproven,
    /// The list has items in every response. The text names the reason.
    Never(&'static str),
}

/// A member that is there in every response.
pub(super) const fn member(name: &'static [&'static str; 1], content: Content) -> Member {
    Member {
        names: name,
        content,
        condition: None,
    }
}

/// The token of the next page, as CloudWatch Logs and EC2 spell it.
pub(super) const NEXT_TOKEN: Member = member(&["nextToken"], Content::Token);
