# Neuron labels from training images, predictions for test images.


rule label:
    input:
        unpack(JOBS.files("label")),
    output:
        labels="results/label/{id}/labels.npz",
        metrics="results/label/{id}/metrics.json",
        provenance="results/label/{id}/provenance.json",
    log:
        "results/logs/label/{id}.log",
    benchmark:
        "results/benchmarks/label/{id}.tsv"
    threads: 1
    resources:
        mem_mb=JOBS.memory("label"),
        runtime=JOBS.minutes("label"),
    params:
        spec=JOBS.spec("label"),
        code=JOBS.code("label"),
        inputs=JOBS.inputs("label"),
        out=subpath(output.labels, parent=True),
    shell:
        "stdp label --spec {params.spec:q} --code {params.code} --input {params.inputs} --output {params.out:q}"
        " 2>&1 | tee {log:q}"


rule baseline:
    input:
        unpack(JOBS.files("baseline")),
    output:
        metrics="results/baseline/{id}/metrics.json",
        provenance="results/baseline/{id}/provenance.json",
    log:
        "results/logs/baseline/{id}.log",
    benchmark:
        "results/benchmarks/baseline/{id}.tsv"
    threads: 1
    resources:
        mem_mb=JOBS.memory("baseline"),
        runtime=JOBS.minutes("baseline"),
    params:
        spec=JOBS.spec("baseline"),
        code=JOBS.code("baseline"),
        inputs=JOBS.inputs("baseline"),
        out=subpath(output.metrics, parent=True),
    shell:
        "stdp baseline --spec {params.spec:q} --code {params.code} --input {params.inputs} --output {params.out:q}"
        " 2>&1 | tee {log:q}"


rule test:
    input:
        unpack(JOBS.files("test")),
    output:
        predictions="results/test/{id}/predictions.npz",
        metrics="results/test/{id}/metrics.json",
        provenance="results/test/{id}/provenance.json",
    log:
        "results/logs/test/{id}.log",
    benchmark:
        "results/benchmarks/test/{id}.tsv"
    threads: 1
    resources:
        mem_mb=JOBS.memory("test"),
        runtime=JOBS.minutes("test"),
    params:
        spec=JOBS.spec("test"),
        code=JOBS.code("test"),
        inputs=JOBS.inputs("test"),
        out=subpath(output.predictions, parent=True),
    shell:
        "stdp test --spec {params.spec:q} --code {params.code} --input {params.inputs} --output {params.out:q}"
        " 2>&1 | tee {log:q}"
