//! A service in ECS, with its database in RDS.

use super::{Answer, Cloud, refuse, say, say_secret, swap};

const SERVICE: &str = "describe-services";
const DEFINITION: &str = "describe-task-definition";
const DATABASE: &str = "describe-db-instances";
const POLICY: &str = "simulate-principal-policy";
const SECRET: &str = "get-secret-value";
const CERTIFICATE: &str = "describe-certificate";

/// What the example says of ECS, with its comment signs taken away.
const LINES: &[(&str, &str)] = &[
    ("  # aws_region:", "  aws_region:"),
    ("  # aws_cluster:", "  aws_cluster:"),
    ("  # aws_service:", "  aws_service:"),
    ("  # aws_task_definition:", "  aws_task_definition:"),
    ("  # aws_task_role:", "  aws_task_role:"),
    ("  # aws_memory:", "  aws_memory:"),
    ("  # aws_cpu:", "  aws_cpu:"),
    ("  # aws_database:", "  aws_database:"),
    ("  # aws_sealed:", "  aws_sealed:"),
    ("  # aws_certificates:", "  aws_certificates:"),
    (
        "  - { id: platform/aws-*, reason: it does not run in ECS }",
        "",
    ),
];

const HOST: &str = "app.abcdefghijkl.eu-west-1.rds.amazonaws.com";

fn healthy() -> Cloud {
    let aws = |arguments: &str, said: &str| Answer::new("aws", arguments, said);
    let answers = vec![
        aws(
            "ecs describe-services --cluster staging --services api --region eu-west-1 --output json",
            include_str!("answers/aws/service.json"),
        ),
        aws(
            "ecs describe-task-definition --task-definition arn:aws:ecs:eu-west-1:111122223333:task-definition/api:17 --region eu-west-1 --output json",
            include_str!("answers/aws/definition.json"),
        ),
        aws(
            "rds describe-db-instances --db-instance-identifier app --region eu-west-1 --output json",
            include_str!("answers/aws/database.json"),
        ),
        aws(
            "iam simulate-principal-policy --policy-source-arn arn:aws:iam::111122223333:role/api --action-names secretsmanager:GetSecretValue \
             --resource-arns arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-dsn-AbCdEf --output json",
            include_str!("answers/aws/policy.json"),
        ),
        aws(
            "secretsmanager get-secret-value --secret-id arn:aws:secretsmanager:eu-west-1:111122223333:secret:db-dsn-AbCdEf \
             --query SecretString --region eu-west-1 --output text",
            "postgres://app:kingfisher-77-at-dusk@db/app\n",
        ),
        aws(
            "acm describe-certificate --certificate-arn arn:aws:acm:eu-west-1:111122223333:certificate/12345678-1234-1234-1234-123456789012 \
             --region eu-west-1 --output json",
            include_str!("answers/aws/certificate.json"),
        ),
    ];
    Cloud::elsewhere(
        answers,
        LINES,
        &format!("postgres://app:kingfisher-77@{HOST}/app_staging"),
    )
}

#[test]
fn a_healthy_one_is_go() {
    healthy().is_go();
}

#[test]
fn each_slip_turns_its_test_red() {
    const SERVED: &[&str] = &["platform/aws-service"];
    const LIMITED: &[&str] = &["platform/aws-limits"];
    const STORED: &[&str] = &["platform/aws-database"];
    const SEALED: &[&str] = &["platform/aws-secrets[db-dsn]"];
    const CERTIFIED: &[&str] = &["platform/aws-certs[app]"];
    let mut slips = vec![
        swap(SERVICE, "\"ACTIVE\"", "\"DRAINING\"", SERVED),
        swap(SERVICE, "\"COMPLETED\"", "\"IN_PROGRESS\"", SERVED),
        swap(SERVICE, "\"COMPLETED\"", "\"FAILED\"", SERVED),
        swap(SERVICE, "\"failedTasks\": 0", "\"failedTasks\": 2", SERVED),
        swap(
            SERVICE,
            "api:17\",\n          \"desired",
            "api:16\",\n          \"desired",
            SERVED,
        ),
        swap(
            SERVICE,
            "\"failures\": []",
            "\"failures\": [{ \"reason\": \"MISSING\" }]",
            SERVED,
        ),
        swap(DEFINITION, "\"4096\"", "\"2048\"", LIMITED),
        swap(
            DEFINITION,
            "\"cpu\": \"2048\"",
            "\"cpu\": \"1024\"",
            LIMITED,
        ),
        swap(DEFINITION, "role/api", "role/other", LIMITED),
        swap(DATABASE, "\"available\"", "\"storage-full\"", STORED),
        swap(
            DATABASE,
            "\"PubliclyAccessible\": false",
            "\"PubliclyAccessible\": true",
            STORED,
        ),
        swap(DATABASE, "\"app.abcdef", "\"restored.abcdef", STORED),
        swap(POLICY, "\"allowed\"", "\"implicitDeny\"", SEALED),
        swap(
            CERTIFICATE,
            "\"ISSUED\"",
            "\"PENDING_VALIDATION\"",
            CERTIFIED,
        ),
        swap(CERTIFICATE, "[\"app.staging", "[\"www.staging", CERTIFIED),
    ];
    for (asked, red) in [
        (SERVICE, SERVED),
        (DEFINITION, LIMITED),
        (DATABASE, STORED),
        (POLICY, SEALED),
        (CERTIFICATE, CERTIFIED),
    ] {
        slips.extend(["", "{", "{}"].map(|nothing| say(asked, nothing, red)));
        slips.push(refuse(asked, red));
    }
    healthy().turns_red(slips);
    healthy().turns_red(vec![
        // One line break is the command line's, two are not.
        say_secret(SECRET, "postgres://app:kingfisher@db/app\n\n", SEALED),
        say_secret(SECRET, " postgres://app:kingfisher@db/app\n", SEALED),
        say_secret(SECRET, "", SEALED),
        refuse(SECRET, SEALED),
    ]);
}
