//! A writer for the XML documents of the Query protocols.

use std::fmt::Display;

use quick_xml::escape::escape;

/// An XML fragment. Element names are constants of the code; text is escaped.
#[derive(Debug, Default)]
pub(crate) struct Xml(String);

impl Xml {
    /// Writes `<name>…</name>` around the output of `write_content`.
    pub(crate) fn element(
        &mut self,
        name: &str,
        write_content: impl FnOnce(&mut Self),
    ) -> &mut Self {
        self.0.extend(["<", name, ">"]);
        write_content(self);
        self.0.extend(["</", name, ">"]);
        self
    }

    /// Writes `<name>text</name>`.
    pub(crate) fn text(&mut self, name: &str, text: impl Display) -> &mut Self {
        self.element(name, |xml| xml.0.push_str(&escape(text.to_string())))
    }

    /// Writes `<name>text</name>`, or nothing for `None`.
    pub(crate) fn optional(&mut self, name: &str, text: Option<impl Display>) -> &mut Self {
        if let Some(text) = text {
            self.text(name, text);
        }
        self
    }

    /// Writes a list in AWS Query's encoding: `<name><member>…</member>…</name>`.
    pub(crate) fn members<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        write: impl FnMut(&mut Self, T),
    ) -> &mut Self {
        self.items_named(name, "member", items, write)
    }

    /// Writes a list in EC2's encoding: `<name><item>…</item>…</name>`.
    pub(crate) fn items<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        write: impl FnMut(&mut Self, T),
    ) -> &mut Self {
        self.items_named(name, "item", items, write)
    }

    /// Writes a list whose entries have this tag.
    pub(crate) fn items_named<T>(
        &mut self,
        name: &str,
        tag: &str,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) -> &mut Self {
        self.element(name, |list| {
            for item in items {
                list.element(tag, |xml| write(xml, item));
            }
        })
    }

    /// Writes text inside the current element.
    pub(crate) fn push(&mut self, text: impl Display) {
        self.0.push_str(&escape(text.to_string()));
    }

    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_lists_are_tagged() {
        let mut xml = Xml::default();
        xml.text("A", "<&>")
            .members("L", ["x", "y"], Xml::push)
            .optional("N", None::<&str>);
        assert_eq!(
            xml.into_string(),
            "<A>&lt;&amp;&gt;</A><L><member>x</member><member>y</member></L>"
        );
    }
}
