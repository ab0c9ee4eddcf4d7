//! The calls of Athena in a build without its SDK.

use super::{AthenaExecution, AthenaRequest, AthenaResults, AthenaTableColumns, AthenaWorkgroup};
use crate::aws::call_context::CallContext;
use crate::aws::client::Aws;
use crate::aws::error::CallError;
use crate::aws::session::Session;
use dragnet_model::{Operation, Region};

/// Implements the calls, each of which fails.
macro_rules! fail_without_feature {
    ($($name:ident($($argument:ident: $kind:ty),*) -> $output:ty, $operation:ident;)*) => {
        impl Aws {$(
            /// Fails: this binary was built without the feature `athena`.
            ///
            /// # Errors
            /// Always.
            #[allow(
                clippy::needless_pass_by_value,
                clippy::unused_async,
                clippy::unused_self,
                reason = "the same signatures as with the feature"
            )]
            pub async fn $name(
                &self,
                session: &Session,
                region: &Region,
                $($argument: $kind),*
            ) -> Result<$output, CallError> {
                $(_ = $argument;)*
                let context = CallContext {
                    session,
                    region,
                    operation: Operation::$operation,
                };
                let problem = "this binary was built without the feature `athena`";
                Err(context.unreadable(problem))
            }
        )*}
    };
}

fail_without_feature! {
    start_athena_query(request: &AthenaRequest) -> String, StartQueryExecution;
    athena_execution(id: &str) -> AthenaExecution, GetQueryExecution;
    athena_results(id: &str, token: Option<String>) -> AthenaResults, GetAthenaQueryResults;
    stop_athena_query(id: &str) -> (), StopQueryExecution;
    athena_table(database: &str, name: &str) -> AthenaTableColumns, GetTableMetadata;
    athena_workgroup(name: &str) -> AthenaWorkgroup, GetWorkGroup;
}
