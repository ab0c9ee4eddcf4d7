//! What only a bucket has is collected too.

use super::{IOC, WINDOW, collect, directory, manifest, scenario, search_collection, sightings};
use crate::scenario::{Record, Trail};
use crate::world::World;

const SOURCES: [&str; 4] = ["--account", "prod", "--sources", "s3"];

#[tokio::test(start_paused = true)]
async fn records_of_buckets_are_collected_and_found() {
    let bob = "arn:aws:iam::222222222222:user/bob";
    let trail = Trail::new("organization", "111111111111", "us-east-1").organization(true);
    let mut builder = scenario().with(&trail);
    for (region, at) in [("eu-west-1", "1h ago"), ("us-east-1", "20h ago")] {
        let call = Record::new("222222222222", region, at, bob)
            .call("s3", "DeleteBucket")
            .ip(IOC)
            .raw(&format!("delivered = \"{at}\""));
        builder = builder.with(&call);
    }
    let toml = builder.toml();
    let expected = World::from_toml(&toml)
        .sweep(&[&[IOC], &SOURCES[..], &WINDOW].concat())
        .await;
    let expected = sightings(&expected);
    assert_eq!(expected.len(), 2, "{expected:#?}");
    let world = World::from_toml(&toml);
    collect(&world, &SOURCES).await;
    let manifest = manifest(&directory(&world));
    let files = manifest["files"].as_array().unwrap();
    assert!(files.len() >= 2, "{manifest:#}");
    for file in files {
        assert_eq!(file["source"], "s3", "{file}");
        let prefix = file["bucket_prefix"].as_str().unwrap();
        assert!(
            prefix.starts_with("cloudtrail-111111111111/AWSLogs/o-"),
            "{file}"
        );
        let path = file["path"].as_str().unwrap();
        assert!(path.starts_with("logs/222222222222/"), "{file}");
        assert!(path.contains("/s3/cloudtrail-111111111111_AWSLogs_o-"));
    }
    let (found, _) = search_collection(&world, &[IOC]).await;
    assert_eq!(found, expected);
}
