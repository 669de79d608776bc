//! The encode table under criterion, for its reports and its comparison with the run before. The
//! table itself comes from `encode-table`.

use benches::encode::{self, Wire, cases, verdict::record};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn encode(criterion: &mut Criterion) {
    for case in cases::all() {
        let mut group = criterion.benchmark_group(format!("encode/{}", case.name));
        group
            .sample_size(20)
            .throughput(Throughput::Elements(case.work.len() as u64));
        for encoder in encode::all() {
            if record(&encoder, case.work).is_some() {
                group.bench_function(BenchmarkId::from_parameter(encoder.name), |bencher| {
                    bencher.iter(|| (encoder.run)(case.work, &mut Wire::default()));
                });
            }
        }
        group.finish();
    }
}

criterion_group!(benches, encode);
criterion_main!(benches);
