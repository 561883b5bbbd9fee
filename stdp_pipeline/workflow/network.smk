# Training, and the frozen passes over training and test images.


rule train:
    input:
        unpack(JOBS.files("train")),
    output:
        network="results/train/{id}/network.npz",
        model="results/train/{id}/model.json",
        history="results/train/{id}/history.tsv",
        provenance="results/train/{id}/provenance.json",
    log:
        "results/logs/train/{id}.log",
    benchmark:
        "results/benchmarks/train/{id}.tsv"
    # One large network gains from more (docs/performance.md): stdp run EXPERIMENT -- --set-threads train=2
    threads: 1
    resources:
        mem_mb=JOBS.memory("train"),
        runtime=JOBS.minutes("train"),
    params:
        spec=JOBS.spec("train"),
        code=JOBS.code("train"),
        inputs=JOBS.inputs("train"),
        out=subpath(output.network, parent=True),
        # Not an output: Snakemake deletes those before it starts a job again.
        checkpoint=JOBS.checkpoint("train"),
    shell:
        "stdp train --spec {params.spec:q} --code {params.code} --input {params.inputs} --output {params.out:q}"
        " --checkpoint {params.checkpoint:q} --threads {threads} 2>&1 | tee {log:q}"


rule quantise:
    input:
        unpack(JOBS.files("quantise")),
    output:
        network="results/quantise/{id}/network.npz",
        model="results/quantise/{id}/model.json",
        record="results/quantise/{id}/quantisation.json",
        provenance="results/quantise/{id}/provenance.json",
    log:
        "results/logs/quantise/{id}.log",
    benchmark:
        "results/benchmarks/quantise/{id}.tsv"
    threads: 2
    resources:
        mem_mb=JOBS.memory("quantise"),
        runtime=JOBS.minutes("quantise"),
    params:
        spec=JOBS.spec("quantise"),
        code=JOBS.code("quantise"),
        inputs=JOBS.inputs("quantise"),
        out=subpath(output.network, parent=True),
    shell:
        "stdp quantise --spec {params.spec:q} --code {params.code} --input {params.inputs} --output {params.out:q}"
        " --threads {threads} 2>&1 | tee {log:q}"


rule respond:
    input:
        unpack(JOBS.files("respond")),
    output:
        responses="results/respond/{id}/responses.npz",
        provenance="results/respond/{id}/provenance.json",
    log:
        "results/logs/respond/{id}.log",
    benchmark:
        "results/benchmarks/respond/{id}.tsv"
    threads: JOBS.threads("respond")
    resources:
        mem_mb=JOBS.memory("respond"),
        runtime=JOBS.minutes("respond"),
    params:
        spec=JOBS.spec("respond"),
        code=JOBS.code("respond"),
        inputs=JOBS.inputs("respond"),
        out=subpath(output.responses, parent=True),
    shell:
        "stdp respond --spec {params.spec:q} --code {params.code} --input {params.inputs} --output {params.out:q}"
        " --threads {threads} 2>&1 | tee {log:q}"
