//! What leaves CloudWatch Logs: the deliveries of AWS services to buckets and delivery streams, and
//! the subscription filters of log groups.
//!
//! Source: CloudWatch Logs API, `DescribeDeliveries`, `DescribeDeliveryDestinations`,
//! `DescribeSubscriptionFilters`.

use std::collections::BTreeMap;

use super::call_context::CallContext;
use super::client::Aws;
use super::error::CallError;
use super::page_list::collect_list;
use super::session::Session;
use dragnet_model::{LogGroupArn, Operation, Region};

/// Logs that are sent somewhere. All texts are untrusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogDelivery {
    /// The name of the delivery source, or of the subscription filter.
    pub source: String,
    /// The ARN of the bucket, delivery stream, log group, stream or function.
    pub destination: String,
}

impl Aws {
    /// Returns the deliveries of AWS services in an account-Region, with the destinations that they
    /// resolve to.
    ///
    /// # Errors
    /// A call fails, or a list does not end.
    pub async fn log_deliveries(
        &self,
        session: &Session,
        region: &Region,
    ) -> Result<Vec<LogDelivery>, CallError> {
        let context = CallContext {
            session,
            region,
            operation: Operation::DescribeDeliveries,
        };
        let request = self.clients.logs.describe_deliveries().limit(50);
        let listed = collect_list!(self, context, request, deliveries)?;
        if listed.is_empty() {
            return Ok(Vec::new());
        }
        let destinations = self.delivery_destinations(session, region).await?;
        let deliveries = listed.into_iter().map(|delivery| {
            let arn = delivery.delivery_destination_arn.unwrap_or_default();
            LogDelivery {
                source: delivery.delivery_source_name.unwrap_or_default(),
                // The destination may be one of another account.
                destination: destinations.get(&arn).cloned().unwrap_or(arn),
            }
        });
        Ok(deliveries.collect())
    }

    /// Returns the ARNs of buckets, delivery streams and log groups, by the ARN of the destination.
    async fn delivery_destinations(
        &self,
        session: &Session,
        region: &Region,
    ) -> Result<BTreeMap<String, String>, CallError> {
        let context = CallContext {
            session,
            region,
            operation: Operation::DescribeDeliveryDestinations,
        };
        let request = self.clients.logs.describe_delivery_destinations().limit(50);
        let listed = collect_list!(self, context, request, delivery_destinations)?;
        let resolved = listed.into_iter().filter_map(|destination| {
            let resource = destination.delivery_destination_configuration?;
            Some((destination.arn?, resource.destination_resource_arn))
        });
        Ok(resolved.collect())
    }

    /// Returns the subscription filters of a log group.
    ///
    /// # Errors
    /// A call fails, or the list does not end.
    pub async fn subscription_filters(
        &self,
        session: &Session,
        group: &LogGroupArn,
    ) -> Result<Vec<LogDelivery>, CallError> {
        let context = CallContext {
            session,
            region: &group.target.region,
            operation: Operation::DescribeSubscriptionFilters,
        };
        let request = self
            .clients
            .logs
            .describe_subscription_filters()
            .log_group_name(&group.name)
            .limit(50);
        let listed = collect_list!(self, context, request, subscription_filters)?;
        let filters = listed.into_iter().map(|filter| LogDelivery {
            source: filter.filter_name.unwrap_or_default(),
            destination: filter.destination_arn.unwrap_or_default(),
        });
        Ok(filters.collect())
    }
}
